"""A large collection in parts that are tagged one by one, each exactly once, whatever is killed in between.

The plan of a job is written down before it begins and never changes. A part is done when its Parquet file stands, which
appears complete or not at all; so a job that was killed goes on with the parts that have none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import srsly
from spacy.language import Language

from .errors import ViNerError
from .files import replacing_file
from .inputs import state
from .records import ID_KEYS
from .tag import TextRow, tag

PART_BYTES = 8_000_000  # of JSONL: about 4,000 articles
ROWS_AT_A_TIME = 1000
PLAN = "plan.json"
SCHEMA = pa.schema(
    [
        ("doc_id", pa.string()),
        ("text", pa.string()),
        (
            "entities",
            pa.list_(
                pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string()), ("text", pa.string())])
            ),
        ),
        ("meta", pa.string()),  # the row's other fields, as JSON
    ]
)


@dataclass(frozen=True)
class Part:
    """Some consecutive rows of one input file.

    start, end: Bytes of a JSONL file, or row groups of a Parquet file. first: Number of its first row in the file.
    rows: How many there are, bad ones included.
    """

    name: str
    file: str
    start: int
    end: int
    first: int
    rows: int


@dataclass(frozen=True)
class BadRow:
    """A row that was set aside, as it came, and why."""

    where: str
    reason: str
    row: str


def make_plan(inputs: Iterable[str], output: Path, *, model: str, part_bytes: int = PART_BYTES) -> list[Part]:
    """The parts of a job: those of the plan in `output`, or new ones, which are then written there.

    inputs: JSONL or Parquet files, or folders of them.
    RAISES (ViNerError): No such files, or `output` holds a job with other inputs or another pipeline.
    """
    files = [file for name in inputs for file in _files(Path(name))]
    job = {"model": [model, state(Path(model))], "inputs": [[str(file), state(file)] for file in files]}
    path = output / PLAN
    if path.is_file():
        known = srsly.read_json(path)
        if known["job"] != job:
            raise ViNerError(
                "Holds a job with other inputs, inputs that have changed, or another pipeline.",
                where=str(output),
                fix="Give another output folder, or remove this one.",
            )
        return [Part(**part) for part in known["parts"]]
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ViNerError("Holds something, but no job.", where=str(output), fix="Give another output folder.")
    parts = []
    for number, file in enumerate(files):
        cut = _parquet_parts if file.suffix == ".parquet" else _jsonl_parts
        for start, end, first, rows in cut(file, part_bytes):
            parts.append(Part(f"{number:05}-{start:012}", str(file), start, end, first, rows))
    with replacing_file(path) as beside:
        srsly.write_json(beside, {"job": job, "parts": [asdict(part) for part in parts]})
    return parts


def result_file(part: Part, output: Path) -> Path:
    """Where the results of a part stand once it is done."""
    return output / "parts" / f"{part.name}.parquet"


def set_aside_file(part: Part, output: Path) -> Path:
    """Where the rows of a part that could not be tagged stand, one JSON object each."""
    return output / "set-aside" / f"{part.name}.jsonl"


def tag_part(nlp: Language, part: Part, output: Path) -> None:
    """Tag the rows of a part and write its results. Done again, it writes the same.

    RAISES (ViNerError): The disk refuses.
    """
    aside: list[BadRow] = []
    rows = read_part(part, aside)
    with replacing_file(result_file(part, output)) as path, pq.ParquetWriter(path, SCHEMA) as writer:
        while chunk := list(islice(rows, ROWS_AT_A_TIME)):
            found = dict(_tag_or_set_aside(nlp, chunk, aside))
            table = [_result(row, found[i]) for i, row in enumerate(chunk) if i in found]
            writer.write_table(pa.Table.from_pylist(table, schema=SCHEMA))
        # Before the results appear: a part with results is never looked at again.
        if aside:
            with replacing_file(set_aside_file(part, output)) as beside:
                srsly.write_jsonl(beside, [asdict(bad) for bad in aside])


def check_complete(parts: Iterable[Part], output: Path) -> tuple[int, int]:
    """How many documents were tagged and how many set aside, in all parts.

    RAISES (ViNerError): A part has no results, or rows of it are missing.
    """
    tagged = aside = 0
    for part in parts:
        path, bad = result_file(part, output), set_aside_file(part, output)
        if not path.is_file():
            raise ViNerError("A part has no results.", where=str(path), fix="Run the command again, it goes on there.")
        rows = pq.read_metadata(path).num_rows
        rows_aside = sum(1 for _ in srsly.read_jsonl(bad)) if bad.is_file() else 0
        if rows + rows_aside != part.rows:
            raise ViNerError(
                f"Holds {rows} documents and {rows_aside} set aside, expected {part.rows} together.",
                where=str(path),
                fix="The input has changed since the job began. Remove the output folder and begin again.",
            )
        tagged, aside = tagged + rows, aside + rows_aside
    return tagged, aside


def read_part(part: Part, aside: list[BadRow]) -> Iterator[TextRow]:
    """The documents of a part; rows that are none are added to `aside`."""
    file = Path(part.file)
    raw: Iterator[Any] = _parquet_rows(file, part) if file.suffix == ".parquet" else _jsonl_rows(file, part)
    for number, content in enumerate(raw, start=part.first):
        where = f"{part.file}, row {number}"
        try:
            row = content if isinstance(content, dict) else json.loads(content.lstrip(b"\xef\xbb\xbf").decode("utf8"))
            yield _document(row, f"{file.stem}-{number}")
        except (ValueError, RecursionError) as error:
            aside.append(BadRow(where, f"{type(error).__name__}: {error}", _shown(content)))


def _document(row: Any, default_id: str) -> TextRow:
    """RAISES (ValueError): It is none."""
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise ValueError("no `text`")
    row["text"].encode("utf8")  # half a surrogate pair is no text
    doc_id = next((str(row[key]) for key in ID_KEYS if row.get(key) is not None), default_id)
    meta = {key: value for key, value in row.items() if key not in (*ID_KEYS, "text", "entities")}
    return TextRow(doc_id, row["text"], meta)


def _tag_or_set_aside(
    nlp: Language, rows: list[TextRow], aside: list[BadRow]
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Index and entities of each document, long ones first; a document that fails fails alone."""
    order = sorted(range(len(rows)), key=lambda i: -len(rows[i].text))
    try:
        yield from zip(order, [found["entities"] for found in tag(nlp, [rows[i] for i in order])], strict=True)
    except Exception:
        for i, row in enumerate(rows):
            try:
                (found,) = tag(nlp, [row])
                yield i, found["entities"]
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                aside.append(BadRow(row.doc_id, reason, _shown({"doc_id": row.doc_id, "text": row.text, **row.meta})))


def _result(row: TextRow, entities: list[dict[str, Any]]) -> dict[str, Any]:
    meta = json.dumps(row.meta, ensure_ascii=False, default=str)
    return {"doc_id": row.doc_id, "text": row.text, "entities": entities, "meta": meta}


def _shown(content: Any) -> str:
    if isinstance(content, bytes):
        return content.decode("utf8", errors="backslashreplace").rstrip("\n")
    return json.dumps(content, default=str)  # ASCII: it may be no text at all


def _files(path: Path) -> list[Path]:
    """RAISES (ViNerError): Nothing that could be read there."""
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix in (".jsonl", ".parquet"))
    else:
        found = [path] if path.is_file() and path.suffix in (".jsonl", ".parquet") else []
    if not found:
        raise ViNerError("No .jsonl or .parquet file there.", where=str(path), fix="Check the path.")
    return [file.resolve() for file in found]


def _jsonl_parts(file: Path, size: int) -> Iterator[tuple[int, int, int, int]]:
    start = end = rows = 0
    first = 1
    with file.open("rb") as stream:
        for line in stream:
            end += len(line)
            rows += bool(line.strip())
            if end - start >= size:
                yield start, end, first, rows
                start, first, rows = end, first + rows, 0
    if rows:
        yield start, end, first, rows


def _jsonl_rows(file: Path, part: Part) -> Iterator[bytes]:
    with file.open("rb") as stream:
        stream.seek(part.start)
        while stream.tell() < part.end:
            line = stream.readline()
            if line.strip():
                yield line


def _parquet_parts(file: Path, size: int) -> Iterator[tuple[int, int, int, int]]:
    first = 1
    metadata = pq.read_metadata(file)
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        yield group, group + 1, first, rows
        first += rows


def _parquet_rows(file: Path, part: Part) -> Iterator[dict[str, Any]]:
    groups = list(range(part.start, part.end))
    with pq.ParquetFile(file) as source:
        for batch in source.iter_batches(ROWS_AT_A_TIME, row_groups=groups):
            yield from batch.to_pylist()
