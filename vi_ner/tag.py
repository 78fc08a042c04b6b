"""Tagging texts with a trained pipeline; every offset points into the text as it came."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language

from .errors import ViNerError
from .records import ID_KEYS, read_rows

STDIN = "-"


@dataclass(frozen=True)
class TextRow:
    """A text to tag, and the row it came with."""

    doc_id: str
    text: str
    meta: dict[str, Any]


def load_pipeline(path: str) -> Language:
    """A trained pipeline by path or package name.

    RAISES (ViNerError): There is none.
    """
    try:
        return spacy.load(path)
    except OSError as error:
        raise ViNerError(
            "No trained pipeline there.",
            where=path,
            fix="Train one with `spacy project run all`, or give the name of an installed pipeline package.",
        ) from error


def read_texts(inputs: Iterable[str]) -> Iterator[TextRow]:
    """The texts of files, folders (their .txt and .jsonl files, sorted, with subfolders) or standard input (`-`).

    A .txt file is one document, named after the file; a .jsonl file has one document per row, with `text`, an id
    under `doc_id`, `doc_uid` or `id`, and anything else as metadata.
    RAISES (ViNerError): A path that is missing or of another kind, a file that is not UTF-8, a row without text.
    """
    for name in inputs:
        if name == STDIN:
            yield TextRow("stdin", sys.stdin.buffer.read().decode("utf8"), {})
            continue
        path = Path(name)
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix.lower() in (".txt", ".jsonl"))
            if not found:
                raise ViNerError("No .txt or .jsonl file in this folder.", where=name)
        else:
            found = [path]
        for file in found:
            yield from _read_file(file)


def _read_file(file: Path) -> Iterator[TextRow]:
    if not file.is_file():
        raise ViNerError("No such file or folder.", where=str(file), fix="Check the path.")
    if file.suffix.lower() == ".jsonl":
        with file.open(encoding="utf8", newline="\n") as stream:
            for number, (where, row) in enumerate(read_rows(stream, str(file)), start=1):
                if not isinstance(row.get("text"), str):
                    raise ViNerError("No `text` in this row.", where=where)
                doc_id = next((str(row[key]) for key in ID_KEYS if key in row), f"{file.stem}-{number}")
                meta = {key: value for key, value in row.items() if key not in (*ID_KEYS, "text", "entities")}
                yield TextRow(doc_id, row["text"], meta)
        return
    try:
        # Decoded from bytes: line ends stay as they are, so offsets count into the file's own text.
        yield TextRow(file.stem, file.read_bytes().decode("utf8"), {})
    except UnicodeDecodeError as error:
        raise ViNerError(
            f"Not UTF-8: {error.reason} at byte {error.start}.",
            where=str(file),
            fix="Save the file as UTF-8.",
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
