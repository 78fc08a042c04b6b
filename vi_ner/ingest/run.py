"""The whole of ingestion: everything is read once into a spool file, grouped, and written with what grouping found.

What stays in memory per document is its signature, its names and a summary, a few kilobytes whatever its length.
"""

from __future__ import annotations

import json
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import regex

from ..errors import ViNerError
from ..files import disk_errors, replacing_file, replacing_folder
from ..similar import Shingles
from .account import Ingestion
from .articles import draft
from .encodings import UndecodableError
from .groups import Grouping, Groups, as_json
from .overview import render_overview
from .parts import Part, mark_repeated, split_lines, without_furniture
from .quality import FLAGS, find_flags
from .repeated import LineIndex, RepeatedLines
from .segmented import find_segmentation
from .selection import Summary, select
from .sources import LIMIT, Piece, Problem, read_pieces

MARKER = "account.json"
Watch = Callable[[Iterable[Any], str], Iterable[Any]]


def ingest(
    inputs: Sequence[str],
    output: Path,
    *,
    columns: dict[str, str] | None = None,
    encoding: str | None = None,
    set_aside: Sequence[str] = (),
    sample: int = 0,
    seed: int = 0,
    limit: int = LIMIT,
    watch: Watch = lambda items, unit: items,
) -> Ingestion:
    """Write the articles of the inputs to `output` (JSONL), and everything about them to the folder `NAME.ingest`.

    columns: Names of a table's columns by ours (`tables.COLUMNS`). encoding: Of all files, where it is known.
    set_aside: Flags whose articles go to `set-aside.jsonl` in that folder and not to `output`.
    sample: How many articles to choose for annotation, into `selected.jsonl` in that folder.
    limit: Bytes of one document. watch: Wraps what is gone through, to show progress.
    RAISES (ViNerError): An option makes no sense, no article came in, or the disk refuses.
    """
    _check(inputs, output, set_aside)
    account = Ingestion()
    with disk_errors(Path(tempfile.gettempdir())), ExitStack() as stack:
        spool = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf8"))
        grouping = Grouping(stack.enter_context(Shingles()))
        lines = LineIndex()
        pieces = read_pieces(inputs, columns=columns or {}, encoding=encoding, limit=limit)
        for row in _drafts(watch(pieces, "pieces"), account, encoding=encoding, prefix=output.stem):
            _index(row, grouping, lines)
            spool.write(json.dumps(row, ensure_ascii=False) + "\n")
        if not grouping.size:
            reasons = " ".join(f"{problem.name!r}: {problem.reason}" for problem in account.problems[:3])
            raise ViNerError(f"Not one article came in. {reasons}", where=" ".join(inputs), fix="Nothing was written.")
        groups = grouping.find()
        file = stack.enter_context(replacing_file(output))
        folder = stack.enter_context(replacing_folder(output.with_suffix(".ingest"), marker=MARKER))
        spool.seek(0)
        rows = _finish(watch(spool, "articles"), groups, lines.repeated(groups.stories), account)
        _write_articles(rows, file, folder / "set-aside.jsonl", account, frozenset(set_aside))
        _write_links(groups, folder / "links.jsonl", account)
        _write_sample(file, folder / "selected.jsonl", account, sample=sample, seed=seed)
        with _writing(folder / MARKER) as stream:
            stream.write(json.dumps(account.to_json(), ensure_ascii=False, indent=1) + "\n")
        page = render_overview(account, articles=file, aside=folder / "set-aside.jsonl", links=folder / "links.jsonl")
        with _writing(folder / "index.html") as stream:
            stream.write(page)
    return account


def _check(inputs: Sequence[str], output: Path, set_aside: Sequence[str]) -> None:
    unknown = sorted(set(set_aside) - set(FLAGS))
    if unknown:
        raise ViNerError(f"Unknown flag {unknown[0]!r}.", fix=f"There are: {', '.join(FLAGS)}.")
    if output.suffix != ".jsonl":
        raise ViNerError("The output must end in .jsonl.", where=str(output))
    for given in inputs:
        if given != "-" and Path(given).resolve() in [output.resolve(), *output.resolve().parents]:
            raise ViNerError("The output lies in the input: a second run would read it.", where=given)


def _drafts(
    pieces: Iterable[Piece | Problem], account: Ingestion, *, encoding: str | None, prefix: str
) -> Iterator[dict[str, Any]]:
    """Every piece that is an article, as a row for the spool, with an id that no other has."""
    taken: Counter[str] = Counter()
    for piece in pieces:
        account.pieces += 1
        if isinstance(piece, Problem):
            (account.passed_over if piece.passed_over else account.problems).append(piece)
            continue
        try:
            made = draft(piece, encoding=encoding)
        except UndecodableError as error:
            account.problems.append(Problem(piece.name, str(error)))
            continue
        wanted = made.doc_id or regex.sub(r"[^\w./-]+", "_", f"{prefix}-{piece.stem}")
        doc_id = wanted
        while taken[doc_id]:
            taken[wanted] += 1
            doc_id = f"{wanted}~{taken[wanted]}"
        taken[doc_id] = 1
        yield asdict(made) | {"doc_id": doc_id}


def _index(row: dict[str, Any], grouping: Grouping, lines: LineIndex) -> None:
    text, parts = row["text"], [Part(**part) for part in row["parts"]]
    content = without_furniture(text, parts)
    meta = row["meta"]
    row["names"] = grouping.add(
        row["doc_id"], content, published=str(meta.get("published", "")), group=str(meta.get("group", ""))
    )
    open_to_doubt = [part for part in parts if part.part in ("body", "lead", "caption")]
    lines.add(line for part in open_to_doubt for line in split_lines(text[part.start : part.end]))


def _finish(
    spool: Iterable[str], groups: Groups, repeated: RepeatedLines, account: Ingestion
) -> Iterator[dict[str, Any]]:
    """The rows of the output, in the order of the input, and their summaries in the account."""
    account.repeated_lines = len(repeated.hashes)
    for number, line in enumerate(spool):
        row = json.loads(line)
        text, meta = row["text"], row["meta"]
        parts = mark_repeated(text, [Part(**part) for part in row["parts"]], repeated)
        content = without_furniture(text, parts)
        found = find_segmentation(content)
        flags = find_flags(content) | ({"damaged": row["damage"]} if row["damage"] else {})
        finished = {
            "doc_id": row["doc_id"],
            "text": text,
            **meta,
            "group": groups.group_name(number),
            "story": groups.story_name(number),
            "decomposed": not unicodedata.is_normalized("NFC", text),
            "segmented": found.segmented,
            "segmenter": {"habits": found.habits, "joined": found.joined, "spaced": found.spaced, "glued": found.glued},
            "parts": [asdict(part) for part in parts],
            "flags": flags,
            "provenance": row["provenance"],
        }
        account.flags.update(flags.keys())
        account.summaries.append(_summary(finished, content, row["names"]))
        yield finished


def _summary(row: dict[str, Any], content: str, names: int) -> Summary:
    return Summary(
        doc_id=row["doc_id"],
        story=row["story"],
        group=row["group"],
        source=str(row.get("source", "")),
        genre=str(row.get("genre", "")),
        published=str(row.get("published", "")),
        syllables=len(regex.findall(r"[\p{L}\p{M}\d]+", content)),
        names=names,
        segmented=row["segmented"],
        encoding=row["provenance"].get("encoding", ""),
        extractor=row["provenance"].get("extractor", ""),
        furniture=round(1 - len(content) / len(row["text"]), 3),
        flags=tuple(row["flags"]),
    )


def _write_articles(
    rows: Iterable[dict[str, Any]], file: Path, aside: Path, account: Ingestion, set_aside: frozenset[str]
) -> None:
    with _writing(file) as kept, _writing(aside) as left:
        for row in rows:
            out = bool(set_aside & row["flags"].keys())
            account.set_aside += out
            account.articles += not out
            _write_row(left if out else kept, row)


def _write_links(groups: Groups, path: Path, account: Ingestion) -> None:
    with _writing(path) as stream:
        for link in groups.links:
            account.links[link.kind] += 1
            _write_row(stream, as_json(link, groups.doc_ids))


def _write_sample(file: Path, path: Path, account: Ingestion, *, sample: int, seed: int) -> None:
    """The chosen articles, in the order of their choice, each with `why`; nothing where no sample is asked for."""
    if not sample:
        return
    account.choices = select(account.summaries, sample, seed=seed)
    wanted = {choice.doc_id: position for position, choice in enumerate(account.choices)}
    with file.open(encoding="utf8") as stream:
        chosen = [row for row in map(json.loads, stream) if row["doc_id"] in wanted]
    with _writing(path) as out:
        for row in sorted(chosen, key=lambda row: wanted[row["doc_id"]]):
            _write_row(out, row | {"why": account.choices[wanted[row["doc_id"]]].why})


def _writing(path: Path) -> IO[str]:
    # A lone surrogate, as file names and some JSONL dumps hold it, has no UTF-8: it stays an escape, as in JSON.
    return path.open("w", encoding="utf8", errors="backslashreplace", newline="\n")


def _write_row(stream: IO[str], row: dict[str, Any]) -> None:
    stream.write(json.dumps(row, ensure_ascii=False) + "\n")
