"""Tagging texts with a trained pipeline; every offset points into the text as it came."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language

from .errors import ViNerError
from .fastcpu import speed_up
from .records import ID_KEYS, read_rows

STDIN = "-"


@dataclass(frozen=True)
class TextRow:
    """A text to tag, and the row it came with."""

    doc_id: str
    text: str
    meta: dict[str, Any]


def load_pipeline(path: str | Path) -> Language:
    """A trained pipeline by path or package name, sped up where this machine allows it.

    Load only pipelines that you trust: a pipeline can run code, see SECURITY.md.
    RAISES (ViNerError): There is none, or it is damaged.
    """
    try:
        with warnings.catch_warnings():
            # spacy-transformers would fill up what is missing with random numbers, and only warn.
            warnings.filterwarnings("error", message="Error loading saved torch state_dict")
            return speed_up(spacy.load(path))
    except (MemoryError, ImportError):
        raise
    except Exception as error:  # a damaged file raises whatever the reader of its format raises
        if isinstance(error, OSError) and error.errno:
            raise
        if Path(path).is_dir():
            raise ViNerError(
                f"Not a whole pipeline ({type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]}).",
                where=str(path),
                fix="Train or copy it again.",
            ) from error
        if not isinstance(error, OSError):
            raise
        raise ViNerError(
            "No trained pipeline there.",
            where=str(path),
            fix="Train one with `spacy project run all`, or give the name of an installed pipeline package.",
        ) from error


def read_texts(inputs: Iterable[str]) -> Iterator[TextRow]:
    """The texts of files, folders (their .txt and .jsonl files, sorted, with subfolders) or standard input (`-`).

    A .jsonl file has one document per row, with `text`, an id under `doc_uid`, `doc_id` or `id`, and anything else as
    metadata. Any other file is one document, named after the file, in a folder after its path there.
    RAISES (ViNerError): A path that is missing or cannot be read, a file that is not UTF-8, a row without text.
    """
    for name in inputs:
        if name == STDIN:
            yield TextRow("stdin", _decode(sys.stdin.buffer.read(), "standard input"), {})
            continue
        path = Path(name)
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix.lower() in (".txt", ".jsonl"))
            if not found:
                raise ViNerError("No .txt or .jsonl file in this folder.", where=name)
        else:
            found = [path]
        for file in found:
            yield from _read_file(file, str(file.relative_to(path).with_suffix("")) if path.is_dir() else file.stem)


def _read_file(file: Path, doc_id: str) -> Iterator[TextRow]:
    if not file.is_file():
        raise ViNerError("No such file or folder.", where=str(file), fix="Check the path.")
    if file.suffix.lower() == ".jsonl":
        with file.open(encoding="utf8", newline="\n") as stream:
            for number, (where, row) in enumerate(read_rows(stream, str(file)), start=1):
                if not isinstance(row.get("text"), str):
                    raise ViNerError("No `text` in this row.", where=where)
                row_id = next((str(row[key]) for key in ID_KEYS if key in row), f"{doc_id}-{number}")
                meta = {key: value for key, value in row.items() if key not in (*ID_KEYS, "text", "entities")}
                yield TextRow(row_id, row["text"], meta)
        return
    try:
        # Decoded from bytes: line ends stay as they are, so offsets count into the file's own text.
        content = file.read_bytes()
    except OSError as error:
        raise ViNerError(f"Cannot be read: {error.strerror}.", where=str(file), fix="Check its permissions.") from error
    yield TextRow(doc_id, _decode(content, str(file)), {})


def _decode(content: bytes, where: str) -> str:
    try:
        return content.decode("utf8")
    except UnicodeDecodeError as error:
        raise ViNerError(
            f"Not UTF-8: {error.reason} at byte {error.start}.", where=where, fix="Save the text as UTF-8."
        ) from error


def tag(nlp: Language, rows: Iterable[TextRow]) -> Iterator[dict[str, Any]]:
    """One row per document, in order: `doc_id`, its metadata, `text` as it came and `entities`.

    An entity is `{"start", "end", "label", "text"}` with `text[start:end]` equal to the entity's own text.
    """
    for doc, row in nlp.pipe(((row.text, row) for row in rows), as_tuples=True):
        yield {
            "doc_id": row.doc_id,
            **row.meta,
            "text": row.text,
            "entities": [
                {"start": ent.start_char, "end": ent.end_char, "label": ent.label_, "text": ent.text}
                for ent in doc.ents
            ],
        }
