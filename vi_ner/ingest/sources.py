"""What people have, piece by piece: files, folders, archives, standard input. Nothing is unpacked to disk or followed.

A piece is the bytes of one document or one row of a table. What cannot be a document is a `Problem` with a reason;
neither stops the rest. No more than `limit` bytes of one document are ever in memory.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ..errors import ViNerError
from ..inputs import unchanged
from ..rows import BROKEN
from .tables import TABLES, BadRow, read_table

LIMIT = 20_000_000  # bytes of one document
HTML = {".html", ".htm", ".xhtml", ".shtml"}
PACKED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
# What lies beside articles and is none; passed over where a folder or an archive has it, read where it is named.
_BESIDE = (
    ".md .css .js .map .png .jpg .jpeg .gif .svg .webp .avif .bmp .ico .woff .woff2 .ttf .otf .eot .mp3 .mp4 .webm"
)
BESIDE = frozenset(_BESIDE.split())
# What archives raise: damaged ones, those with a password (RuntimeError) or with numbers out of range.
_UNREADABLE = (*BROKEN, tarfile.TarError, OSError, RuntimeError, ValueError, OverflowError)
OTHER_FORMATS = {
    ".pdf": "a PDF",
    ".doc": "a Word document",
    ".docx": "a Word document",
    ".rtf": "an RTF document",
    ".odt": "an OpenDocument text",
    ".mht": "a web archive",
    ".mhtml": "a web archive",
}


@dataclass(frozen=True)
class Piece:
    """One document as it came.

    name: Path from the input on, with the archive's name and the row's number where there are such.
    stem: The same without the input's folder and the suffix: the material for a document id.
    kind: `html`, `text` or `row`. row: The row's columns by the names that `tables` gives them.
    modified: When the file was last changed, ISO with seconds in UTC; empty where nothing tells.
    """

    name: str
    stem: str
    kind: str
    data: bytes
    sha256: str
    modified: str = ""
    row: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """Something that came in and is no document. passed_over: It never was meant to be one."""

    name: str
    reason: str
    passed_over: bool = False


@dataclass(frozen=True)
class _File:
    name: str
    stem: str
    modified: str
    named: bool  # the user gave this very file


def read_pieces(
    inputs: Sequence[str], *, columns: dict[str, str], encoding: str | None = None, limit: int = LIMIT
) -> Iterator[Piece | Problem]:
    """Every piece of the inputs, in an order that depends on names alone. `-` is standard input."""
    for given in inputs:
        reader = _Reader(columns, encoding, limit)
        if given == "-":
            yield from reader.stream(sys.stdin.buffer, _File("stdin", "stdin", "", True))
            continue
        root = Path(given)
        if not root.exists():
            yield Problem(_in_unicode(given), "No such file or folder.")
        for path in _walk(root) if root.is_dir() else [root] if root.exists() else []:
            inside = path.relative_to(root) if root.is_dir() else Path(path.name)
            name = (PurePosixPath(root.resolve().name) / inside.as_posix()).as_posix() if root.is_dir() else path.name
            shown, stem = _in_unicode(name), _in_unicode(inside.as_posix())
            yield from reader.path(path, name=shown, inside=stem, named=not root.is_dir())


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder) / name for name in sorted(names) if not name.startswith("."))


class _Reader:
    """Reads one input after another with the same settings."""

    def __init__(self, columns: dict[str, str], encoding: str | None, limit: int) -> None:
        self.columns, self.encoding, self.limit = columns, encoding, limit

    def path(self, path: Path, *, name: str, inside: str, named: bool) -> Iterator[Piece | Problem]:
        """A file on disk; archives are opened."""
        try:
            if not path.is_file():
                yield Problem(name, "Not a file (a device, a pipe or a broken link).")
                return
            file = _File(name, _without_suffix(inside), _utc(path.stat().st_mtime), named)
            with unchanged(path):
                lower = path.name.lower()
                if lower.endswith(TARS):
                    yield from self._tar(path, file)
                elif lower.endswith(".zip"):
                    yield from self._zip(path, file)
                else:
                    with path.open("rb") as stream:
                        yield from self.stream(stream, file)
        except ViNerError as error:
            yield Problem(name, error.what)
        except _UNREADABLE as error:
            yield Problem(name, f"Cannot be read: {getattr(error, 'strerror', None) or error}.")

    def stream(self, stream: IO[bytes], file: _File) -> Iterator[Piece | Problem]:
        """One file's content, packed or not."""
        suffix = PurePosixPath(file.name).suffix.lower()
        if suffix in PACKED:
            inner = _File(file.name[: -len(suffix)], _without_suffix(file.stem), file.modified, file.named)
            with PACKED[suffix](stream) as unpacked:
                yield from self.stream(unpacked, inner)
        elif not file.named and (suffix in BESIDE or PurePosixPath(file.name).stem.upper() in {"README", "LICENSE"}):
            yield Problem(file.name, "Such a file holds no article.", passed_over=True)
        elif suffix in OTHER_FORMATS:
            yield Problem(file.name, f"This is {OTHER_FORMATS[suffix]}: save it as HTML or text first.")
        elif suffix == ".zip" or file.name.lower().endswith(TARS):
            yield Problem(file.name, "An archive in an archive is not opened: unpack the outer one.")
        elif suffix in TABLES or (file.name == "stdin" and _starts_as_jsonl(stream)):
            yield from self._rows(stream, file, suffix or ".jsonl")
        else:
            yield self._document(stream, file, suffix)

    def _document(self, stream: IO[bytes], file: _File, suffix: str) -> Piece | Problem:
        data = stream.read(self.limit + 1)
        if len(data) > self.limit:
            return Problem(file.name, f"Larger than {self.limit / 1e6:g} MB, too large for one article (--max-mb).")
        if not data.strip():
            return Problem(file.name, "Empty.")
        start = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        is_html = suffix in HTML or start.startswith((b"<!doctype html", b"<html", b"<?xml"))
        kind = "html" if is_html else "text"
        return Piece(file.name, file.stem, kind, data, hashlib.sha256(data).hexdigest(), file.modified)

    def _rows(self, stream: IO[bytes], file: _File, suffix: str) -> Iterator[Piece | Problem]:
        rows = read_table(stream, suffix, columns=self.columns, encoding=self.encoding, limit=self.limit)
        for row in rows:
            name, stem = f"{file.name}, row {row.number}", f"{file.stem}-{row.number}"
            if isinstance(row, BadRow):
                yield Problem(name if row.number else file.name, row.reason)
            else:
                yield Piece(name, stem, "row", b"", row.sha256, file.modified, row.values)

    def _zip(self, path: Path, file: _File) -> Iterator[Piece | Problem]:
        with zipfile.ZipFile(path) as archive:
            for info in sorted(archive.infolist(), key=lambda info: info.filename):
                if info.filename.endswith("/") or _hidden(info.filename):
                    continue
                member = self._member(file, info.filename, _zip_time(info))
                try:
                    with archive.open(info) as stream:
                        yield from self.stream(stream, member)
                except _UNREADABLE as error:
                    yield Problem(member.name, f"Cannot be read: {error}.")

    def _tar(self, path: Path, file: _File) -> Iterator[Piece | Problem]:
        with tarfile.open(path) as archive:
            for info in archive:
                if _hidden(info.name) or info.isdir():
                    continue
                member = self._member(file, info.name, info.mtime)
                stream = archive.extractfile(info) if info.isreg() else None
                if stream is None:
                    yield Problem(member.name, "Not a file (a link or a device in an archive).")
                else:
                    with stream:
                        yield from self.stream(stream, member)

    def _member(self, file: _File, name: str, modified: float) -> _File:
        name = _in_unicode(name)
        stem = PurePosixPath(file.stem) / PurePosixPath(_without_suffix(name.lstrip("/")))
        return _File(f"{file.name}/{name}", stem.as_posix(), _utc(modified), False)


def _without_suffix(name: str) -> str:
    lower = name.lower()
    double = next((ending for ending in TARS if lower.endswith(ending)), None)
    return name[: -len(double)] if double else PurePosixPath(name).with_suffix("").as_posix()


def _hidden(name: str) -> bool:
    parts = [part for part in PurePosixPath(name).parts if part not in ("..", ".")]
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _utc(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(int(seconds), tz=timezone.utc).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _zip_time(info: zipfile.ZipInfo) -> float:
    """Seconds since 1970; NaN where the archive has no such date, as many writers leave it."""
    try:
        return datetime(*info.date_time, tzinfo=timezone.utc).timestamp()
    except ValueError:
        return float("nan")


def _in_unicode(name: str) -> str:
    """A file name with bytes that are no UTF-8 as escapes: names end up in ids and pages."""
    return name.encode("utf8", "surrogateescape").decode("utf8", "backslashreplace")


def _starts_as_jsonl(stream: IO[bytes]) -> bool:
    return isinstance(stream, io.BufferedReader) and stream.peek(1)[:200].lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{")
