"""Files of rows as they come from others: JSONL, folders of it, ZIP archives of it. Nothing is unpacked to disk."""

from __future__ import annotations

import io
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from .errors import ViNerError
from .inputs import unchanged

LONGEST_LINE = 20_000_000  # characters of a line; no text may be longer than LONGEST_TEXT
LONGEST_TEXT = 1_000_000  # characters, as many as spaCy takes
LARGEST_ZIP = 1_000_000_000  # bytes, unpacked
# What reading an archive raises where it is damaged, encrypted or packed by a method that this Python does not know.
BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError)


def read_rows(stream: IO[str], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The JSON objects of a JSONL stream, each with `file, line N`; empty lines are passed over.

    RAISES (ViNerError): A line is not a JSON object, is too long or holds half a character, or the file is not UTF-8.
    """
    for where, line in read_lines(stream, name):
        if line.strip():
            yield where, _read_row(line, where)


def read_lines(stream: IO[str], name: str) -> Iterator[tuple[str, str]]:
    """The lines of a stream, each with `file, line N`; a byte order mark is taken off.

    RAISES (ViNerError): A line is too long to be held, or the file is not UTF-8.
    """
    number = 0
    while True:
        try:
            line = stream.readline(LONGEST_LINE + 1)
        except UnicodeDecodeError as error:
            raise ViNerError(
                f"Not UTF-8: {error.reason}.", where=f"{name}, after line {number}", fix="Save the file as UTF-8."
            ) from error
        if not line:
            return
        number += 1
        where = f"{name}, line {number}"
        if len(line) > LONGEST_LINE:
            raise ViNerError(
                f"The line is longer than {LONGEST_LINE // 1_000_000} million characters.",
                where=where,
                fix="Expected one document per line.",
            )
        yield where, line.removeprefix("\ufeff") if number == 1 else line


def read_json(file: Path, *, fix: str) -> Any:
    """The content of a JSON file that people write or hand over; `fix` says what it should be.

    RAISES (ViNerError): It cannot be read, is not UTF-8, not JSON, or holds half a character.
    """
    try:
        text = file.read_text(encoding="utf8")
    except OSError as error:
        raise ViNerError(f"Cannot be read: {error.strerror or error}.", where=str(file), fix=fix) from error
    except UnicodeDecodeError as error:
        raise ViNerError(f"Not UTF-8: {error.reason}.", where=str(file), fix="Save the file as UTF-8.") from error
    return _parse(text.removeprefix("\ufeff"), str(file), fix)


def _read_row(line: str, where: str) -> dict[str, Any]:
    fix = "Expected JSONL: one JSON object per line, as Doccano exports it."
    row = _parse(line, where, fix)
    if not isinstance(row, dict):
        raise ViNerError(f"Found a JSON {type(row).__name__}, expected an object.", where=where, fix=fix)
    return row


def _parse(text: str, where: str, fix: str) -> Any:
    try:
        content = json.loads(text)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(content, ensure_ascii=False).encode("utf8")
        return content
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise ViNerError(f"Not JSON: {error.msg} at {line}column {error.colno}.", where=where, fix=fix) from error
    except UnicodeEncodeError as error:
        raise ViNerError(
            f"Holds half a character (the lone surrogate {error.object[error.start]!r}).",
            where=where,
            fix="Look where the row was made: it was cut or decoded wrongly.",
        ) from error
    except RecursionError as error:
        raise ViNerError("JSON nested too deeply.", where=where, fix=fix) from error
    except ValueError as error:  # a number of thousands of digits
        raise ViNerError(f"Not JSON that can be read: {error}.", where=where, fix=fix) from error


def check_length(text: str, where: str) -> str:
    """The text. RAISES (ViNerError): It is longer than spaCy takes."""
    if len(text) > LONGEST_TEXT:
        raise ViNerError(
            f"A text of more than {LONGEST_TEXT:,} characters.", where=where, fix="Split it into several documents."
        )
    return text


def open_zip(file: Path) -> Iterator[tuple[str, IO[str]]]:
    """The `.jsonl` members of an archive by name, each with its name.

    RAISES (ViNerError): It would fill the memory, has two members of one name, or one with a password.
    """
    with _damaged():
        opened = zipfile.ZipFile(file)
    with opened as archive:
        members = sorted(
            (info for info in archive.infolist() if info.filename.lower().endswith(".jsonl")),
            key=lambda info: info.filename,
        )
        size = sum(info.file_size for info in members)
        if size > LARGEST_ZIP:
            raise ViNerError(
                f"It would unpack to {size / 1e9:.1f} GB.", where=str(file), fix="Unpack it and give the folder."
            )
        for info in members:
            where = f"{file}/{info.filename}"
            if sum(other.filename == info.filename for other in members) > 1:
                raise ViNerError("The archive has two members of this name.", where=where, fix="Export it again.")
            if info.flag_bits & 0x1:
                raise ViNerError("Has a password.", where=where, fix="Unpack it and give the folder.")
            with _damaged():
                member = archive.open(info)
            yield info.filename, io.TextIOWrapper(member, encoding="utf8")


@contextmanager
def _damaged() -> Iterator[None]:
    """RAISES (zipfile.BadZipFile): Also where zipfile stumbles over names or numbers that are none."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise zipfile.BadZipFile(str(error)) from error


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """RAISES (ViNerError): The block cannot read `file`: no permission, a damaged archive, a broken disk, a change."""
    try:
        with unchanged(*([file] if file.is_file() else [])):
            yield
    except BROKEN as error:
        raise ViNerError(
            f"Not a ZIP file that can be read: {error}.", where=str(file), fix="Export it again."
        ) from error
    except OSError as error:
        raise ViNerError(
            f"Cannot be read: {error.strerror or error}.", where=str(file), fix="Check the path and its permissions."
        ) from error
