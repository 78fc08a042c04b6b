"""Rows of JSONL, JSON, CSV and Parquet, read as a stream, with their columns under one set of names."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from .encodings import UndecodableError, decode, detect

TABLES = {".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet"}
# Our name of a column and what others call it; `--column text=noi_dung` goes before these.
COLUMNS = {
    "id": ("doc_uid", "doc_id", "id", "article_id"),
    "text": ("text", "content", "body", "article"),
    "html": ("html", "raw_html"),
    "title": ("title", "headline"),
    "lead": ("lead", "summary", "description", "sapo"),
    "author": ("author", "authors", "byline"),
    "published": ("published", "date", "publish_date", "published_at", "date_publish"),
    "source": ("source", "site", "sitename", "domain", "publisher"),
    "url": ("url", "link", "source_url"),
}
HEAD = 200_000  # bytes that decide on a table's encoding
_PARQUET = (OSError, KeyError, TypeError, NotImplementedError, MemoryError)  # what pyarrow says of damaged files


@dataclass(frozen=True)
class Row:
    """A row with `text` or `html`; columns that have no name of ours are kept under theirs.

    sha256: Of the line of a JSONL file, elsewhere of the row written as JSON.
    """

    number: int
    sha256: str
    values: dict[str, Any]


@dataclass(frozen=True)
class BadRow:
    """A row, or with number 0 a whole table, that cannot be read."""

    number: int
    reason: str


@dataclass
class _Names:
    """Which column of a table is which of ours."""

    given: dict[str, str]
    known: dict[str, str] = field(default_factory=dict)

    def apply(self, row: dict[str, Any]) -> dict[str, Any]:
        taken = {}
        for ours, theirs in COLUMNS.items():
            named = (self.given[ours],) if ours in self.given else theirs
            found = next((name for name in named if row.get(name) not in (None, "")), None)
            if found is not None:
                taken[ours] = row[found]
        used = {name for names in COLUMNS.values() for name in names} | set(self.given.values())
        return taken | {key: value for key, value in row.items() if key not in used and _is_plain(value)}


def read_table(
    stream: IO[bytes], suffix: str, *, columns: dict[str, str], encoding: str | None, limit: int
) -> Iterator[Row | BadRow]:
    """The rows of a table of the kind that `suffix` names. limit: Bytes of one row, or of a whole JSON file."""
    names = _Names(columns)
    try:
        rows = _parquet(stream, limit) if suffix == ".parquet" else _text_rows(stream, suffix, encoding, limit)
        for number, raw, digest in rows:
            yield _row(number, raw, digest, names)
    except RecursionError:
        yield BadRow(0, "JSON nested too deeply.")
    except (UndecodableError, csv.Error, ValueError, *_PARQUET) as error:
        yield BadRow(0, f"Not a readable {suffix[1:]} table: {error}")


def _row(number: int, raw: Any, digest: str, names: _Names) -> Row | BadRow:
    if isinstance(raw, BadRow):
        return raw
    if not isinstance(raw, dict):
        return BadRow(number, f"Found a JSON {type(raw).__name__}, expected an object.")
    values = names.apply(raw)
    if not any(isinstance(values.get(key), str) and values[key].strip() for key in ("text", "html")):
        found = ", ".join(map(str, list(raw)[:8])) or "none"
        return BadRow(number, f"No text. Columns found: {found}; name the right one with --column text=NAME.")
    return Row(number, digest or hashlib.sha256(_canonical(raw)).hexdigest(), values)


def _text_rows(stream: IO[bytes], suffix: str, encoding: str | None, limit: int) -> Iterator[tuple[int, Any, str]]:
    head = stream.read(HEAD)
    if not head.strip():
        raise UndecodableError("it is empty.")
    end = head.rfind(b"\n") + 1 if len(head) == HEAD else 0
    name = encoding or detect(head[:end] or head).encoding
    if name.startswith(("utf_16", "utf_32")) or suffix == ".json":
        rest = stream.read(limit - len(head) + 1) if len(head) == HEAD else b""
        if len(head) + len(rest) > limit:
            raise UndecodableError(
                f"larger than {limit / 1e6:g} MB, which only JSONL, CSV in UTF-8 and Parquet may be."
            )
        text = decode(head + rest, encoding=name).text
        lines: Iterator[bytes] = iter(text.encode("utf8", "surrogatepass").splitlines(keepends=True))
        name = "utf_8"
    else:
        lines = _lines(head, stream, limit)
    if suffix == ".json":
        yield from _json(b"".join(lines))
    elif suffix in (".csv", ".tsv"):
        yield from _csv((decode(line, encoding=name).text for line in _short(lines, limit)), suffix, limit)
    else:
        yield from _jsonl(lines, name, limit)


def _lines(head: bytes, stream: IO[bytes], limit: int) -> Iterator[bytes]:
    """The lines of head and stream; of a longer one than `limit` only the beginning."""
    *whole, last = head.split(b"\n")
    yield from (line + b"\n" for line in whole)
    line = last + stream.readline(limit)
    while line:
        yield line
        while line and not line.endswith(b"\n"):  # the rest of a line that is too long
            line = stream.readline(limit)
        line = stream.readline(limit + 1)


def _decode_line(line: bytes, encoding: str, limit: int) -> str:
    if len(line) > limit:
        raise UndecodableError(f"Larger than {limit / 1e6:g} MB, too large for one article (--max-mb).")
    return decode(line, encoding=encoding).text


def _jsonl(lines: Iterator[bytes], encoding: str, limit: int) -> Iterator[tuple[int, Any, str]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        digest = hashlib.sha256(line.rstrip(b"\r\n")).hexdigest()
        try:
            yield number, json.loads(_decode_line(line, encoding, limit).lstrip("\ufeff")), digest
        except json.JSONDecodeError as error:
            yield number, BadRow(number, f"Not JSON: {error.msg} at column {error.colno}."), ""
        except RecursionError:
            yield number, BadRow(number, "JSON nested too deeply."), ""
        except (UndecodableError, ValueError) as error:  # ValueError: a number of thousands of digits
            yield number, BadRow(number, str(error)), ""


def _json(data: bytes) -> Iterator[tuple[int, Any, str]]:
    found = json.loads(data)
    for number, row in enumerate(found if isinstance(found, list) else [found], start=1):
        yield number, row, ""


def _short(lines: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """The lines of a table whose rows may run over lines: behind one that is cut nothing can be trusted.

    RAISES (UndecodableError): A line is longer than `limit`.
    """
    for number, line in enumerate(lines, start=1):
        if len(line) > limit:
            raise UndecodableError(
                f"line {number} is larger than {limit / 1e6:g} MB (--max-mb); it and what follows it was not read."
            )
        yield line


def _csv(lines: Iterator[str], suffix: str, limit: int) -> Iterator[tuple[int, Any, str]]:
    csv.field_size_limit(limit)
    header = next(lines, "").lstrip("\ufeff")
    delimiter = "\t" if suffix == ".tsv" else max(",;\t|", key=header.count)
    reader = csv.DictReader(itertools.chain([header], lines), delimiter=delimiter)
    for number, row in enumerate(reader, start=1):
        if None in row:
            yield number, BadRow(number, f"{len(row[None])} values more than columns."), ""
        else:
            yield number, row, ""


def _parquet(stream: IO[bytes], limit: int) -> Iterator[tuple[int, Any, str]]:
    from pyarrow import parquet

    if not stream.seekable():
        data = stream.read(limit * 10 + 1)
        if len(data) > limit * 10:
            raise UndecodableError("too large inside an archive: unpack it.")
        stream = io.BytesIO(data)
    number = 0
    for batch in parquet.ParquetFile(stream).iter_batches(batch_size=256):
        for row in batch.to_pylist():
            number += 1
            yield number, row, ""


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))


def _canonical(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, sort_keys=True, default=str).encode("utf8", "surrogatepass")
