"""Tagging texts with a trained pipeline; every offset points into the text as it came."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import spacy
from spacy.language import Language
from spacy.tokens import Span

from .errors import ViNerError
from .inference import for_inference
from .inputs import unchanged
from .memory import give_back
from .records import ID_KEYS
from .rows import LONGEST_TEXT, check_length, read_rows, reading

STDIN = "-"
BATCH = 256
BATCH_CHARACTERS = 200_000


@dataclass(frozen=True)
class TextRow:
    """A text to tag, and the row it came with."""

    doc_id: str
    text: str
    meta: dict[str, Any]


def load_pipeline(path: str | Path) -> Language:
    """A trained pipeline by path or package name, sped up where this machine allows it.

    Load only pipelines that you trust: a pipeline can run code, see SECURITY.md.
    RAISES (ViNerError): There is none, it is damaged, or it is replaced at this moment.
    """
    try:
        with warnings.catch_warnings(), unchanged(Path(path)):
            # spacy-transformers would fill up what is missing with random numbers, and only warn.
            warnings.filterwarnings("error", message="Error loading saved torch state_dict")
            nlp = for_inference(spacy.load(path))
            give_back()  # reading holds the weights several times
            return nlp
    except (MemoryError, ImportError, ViNerError):
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
            yield TextRow("stdin", _read_text(sys.stdin.buffer, "standard input"), {})
            continue
        path = Path(name)
        with reading(path):
            found = _find_files(path)
        for file in found:
            inside = file.relative_to(path).with_suffix("") if path.is_dir() else Path(file.stem)
            yield from _read_file(file, os.fsencode(inside).decode("utf8", "backslashreplace"))


def _find_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in (".txt", ".jsonl"))
    if not found:
        raise ViNerError("No .txt or .jsonl file in this folder.", where=str(path), fix="Check the path.")
    return found


def _read_file(file: Path, doc_id: str) -> Iterator[TextRow]:
    if not file.is_file():
        raise ViNerError("No such file or folder.", where=str(file), fix="Check the path.")
    if file.suffix.lower() == ".jsonl":
        with reading(file), file.open(encoding="utf8", newline="\n") as stream:
            for number, (where, row) in enumerate(read_rows(stream, str(file)), start=1):
                if not isinstance(row.get("text"), str):
                    raise ViNerError("No `text` in this row.", where=where, fix="Expected a string under `text`.")
                row_id = next((str(row[key]) for key in ID_KEYS if key in row), f"{doc_id}-{number}")
                meta = {key: value for key, value in row.items() if key not in (*ID_KEYS, "text", "entities")}
                yield TextRow(row_id, check_length(row["text"], where), meta)
        return
    with reading(file), file.open("rb") as content:
        text = _read_text(content, str(file))
    yield TextRow(doc_id, text, {})


def _read_text(stream: IO[bytes], where: str) -> str:
    """All of a text, decoded from bytes: line ends stay as they are, so offsets count into the file's own text.

    RAISES (ViNerError): It is too long, or not UTF-8.
    """
    longest = 4 * LONGEST_TEXT  # bytes of as many characters at most
    content = stream.read(longest + 1)
    try:
        return check_length(content.decode("utf8", "strict" if len(content) <= longest else "ignore"), where)
    except UnicodeDecodeError as error:
        raise ViNerError(
            f"Not UTF-8: {error.reason} at byte {error.start}.", where=where, fix="Save the text as UTF-8."
        ) from error


def tag(nlp: Language, rows: Iterable[TextRow]) -> Iterator[dict[str, Any]]:
    """One row per document, in order: `doc_id`, its metadata, `text` as it came and `entities`.

    An entity is `{"start", "end", "label", "text"}` with `text[start:end]` equal to the entity's own text. Memory does
    not grow with the number of documents: what spaCy keeps of a batch's words is let go with the batch.
    RAISES (ViNerError): A text is longer than the pipeline takes.
    """
    for batch in batches(rows):
        if too_long := [row for row in batch if len(row.text) > nlp.max_length]:
            raise ViNerError(
                f"A text of {len(too_long[0].text):,} characters, {nlp.max_length:,} are the most.",
                where=too_long[0].doc_id,
                fix="Cut it between two paragraphs.",
            )
        with nlp.memory_zone():
            docs = nlp.pipe([row.text for row in batch], batch_size=len(batch))
            found = [[_entity(ent) for ent in doc.ents] for doc in docs]
        for row, entities in zip(batch, found, strict=True):
            yield {"doc_id": row.doc_id, **row.meta, "text": row.text, "entities": entities}


def batches(rows: Iterable[TextRow]) -> Iterator[list[TextRow]]:
    """Consecutive texts that are tagged together: enough to fill the encoder, and no more than memory should hold."""
    batch: list[TextRow] = []
    filled = 0
    for row in rows:
        if batch and (filled + len(row.text) > BATCH_CHARACTERS or len(batch) == BATCH):
            yield batch
            batch, filled = [], 0
        batch.append(row)
        filled += len(row.text)
    if batch:
        yield batch


def _entity(ent: Span) -> dict[str, Any]:
    return {"start": ent.start_char, "end": ent.end_char, "label": ent.label_, "text": ent.text}
