"""CoNLL files (one token a line, its tag in the last column) to annotations and back, without losing a character.

A CoNLL file knows tokens and no text. What is written here also says what stands between the tokens, in a middle column
and in the words of CoNLL-U (`SpaceAfter=No`, `SpacesAfter=\\n`), so the text comes back as it was; readers that take
the first and the last column do not notice. In files from elsewhere a blank stands between tokens and a line end
between sentences. Documents begin at `-DOCSTART-`; in files without it every sentence is a document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .errors import ViNerError
from .records import Annotation, Span
from .rows import reading

SUFFIXES = frozenset({".conll", ".iob", ".iob2", ".bio"})
DOCUMENT_START = "-DOCSTART-"
BLANKS = "blanks"  # value of the metadata key `tokens`: the tokens of this document are what stands between blanks
ORPHAN = "its first tag was I and not B"
# `O-ORG` occurs in published data; like `conlleval`, this reads it as O.
_TAG = re.compile(r"(?:[BIESLU]-\S+|O(?:-\S+)?)")
# Schemes with tags of their own for last (E, L) and only (S, U) tokens say nothing that B and I do not.
_PLAIN = {"E": "I", "L": "I", "S": "B", "U": "B"}
_ESCAPES = {" ": r"\s", "\t": r"\t", "\n": r"\n", "\r": r"\r", "|": r"\p", "\\": r"\\"}
_UNESCAPES = {escape: char for char, escape in _ESCAPES.items()}


class Row(NamedTuple):
    """A token: `gap` is what stands after it, None where the file does not say."""

    text: str
    gap: str | None
    tag: str


@dataclass
class _Document:
    doc_id: str
    line: int
    before: str = ""  # what stands before the first token
    tokens: str = BLANKS  # as the metadata have it; empty where the file says what stands between the tokens
    sentences: list[list[Row]] = field(default_factory=list)


def read_conll(path: Path, *, tag_column: int | None = None) -> list[Annotation]:
    """The annotations of a CoNLL file, or of those of a folder, sorted by file name.

    tag_column: Column with the tags, from 1; None for the last.
    RAISES (ViNerError): Nothing there, not UTF-8, a line without a tag, or a document id twice.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    else:
        files = [path] if path.is_file() else []
    if not files:
        raise ViNerError(f"No {' or '.join(sorted(SUFFIXES))} file there.", where=str(path), fix="Check the path.")
    annotations: dict[str, Annotation] = {}
    for file in files:
        documents = list(_documents(file, tag_column))
        chained = _begins_inside(documents)
        for document in documents:
            annotation = _annotation(document, file, begins_inside=chained)
            if annotation.doc_id in annotations:
                what = f"The document id {annotation.doc_id!r} occurs twice."
                raise ViNerError(what, where=annotation.where, fix="Ids must be unique.")
            annotations[annotation.doc_id] = annotation
    if not annotations:
        raise ViNerError("Not one token there.", where=str(path), fix="Check the path.")
    return list(annotations.values())


def _documents(file: Path, tag_column: int | None) -> Iterator[_Document]:
    """The documents of a file; rows before any `-DOCSTART-` make one document per sentence."""
    document: _Document | None = None
    by_sentence, ended, count = True, True, 0
    for number, line in _lines(file):
        columns = line.split("\t") if "\t" in line else re.split(" +", line.strip(" "))
        if columns[0] == DOCUMENT_START:
            if document:
                yield document
            count += 1
            document = _started(columns, _Document(f"{file.stem}:{count}", number))
            by_sentence, ended = False, True
        elif not line.strip():
            ended = True
        elif not (ended and line.startswith("# ") and not _TAG.fullmatch(columns[-1])):  # not a comment
            if document is None or (by_sentence and ended):
                if document:
                    yield document
                count += 1
                document = _Document(f"{file.stem}:{count}", number)
            if ended:
                document.sentences.append([])
            ended = False
            row = _row(columns, tag_column, f"{file}, line {number}")
            document.sentences[-1].append(row)
    if document:
        yield document


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        # Only line feeds end a line: other separators may be part of a token.
        with reading(file), file.open(encoding="utf-8-sig", newline="\n") as stream:
            for number, line in enumerate(stream, start=1):
                yield number, line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        what = f"Not UTF-8: {error.reason} at byte {error.start}."
        raise ViNerError(what, where=f"{file}, after line {number}", fix="Save the file as UTF-8.") from error


def _row(columns: Sequence[str], tag_column: int | None, where: str) -> Row:
    at = len(columns) - 1 if tag_column is None else tag_column - 1
    tag = columns[at] if 0 < at < len(columns) else ""
    if not _TAG.fullmatch(tag):
        raise ViNerError(
            f"Found {tag!r} in column {at + 1} of {len(columns)}, expected a tag such as B-PER, I-PER or O.",
            where=where,
            fix="Every line has a token first and its tag last; name another column with --tag-column.",
        )
    values = _values(columns[1:-1])
    gap = "" if values.get("SpaceAfter") == "No" else values.get("SpacesAfter")
    plain = "O" if tag[0] == "O" else _PLAIN.get(tag[0], tag[0]) + tag[1:]
    return Row(columns[0], gap, plain)


def _started(columns: Sequence[str], document: _Document) -> _Document:
    """The document with what its `-DOCSTART-` line says of it."""
    values = _values(columns[1:-1])
    if "doc_id" in values:
        document.doc_id, document.tokens = values["doc_id"], values.get("tokens", "")
    document.before = values.get("SpacesAfter", "")
    return document


def _values(columns: Iterable[str]) -> dict[str, str]:
    pairs = (pair.split("=", 1) for column in columns for pair in column.split("|") if "=" in pair)
    return {key: unescape(value) for key, value in pairs}


def _begins_inside(documents: Iterable[_Document]) -> bool:
    """Whether the file is in the older scheme (IOB1): B only where an entity directly follows one of its kind."""
    for document in documents:
        for sentence in document.sentences:
            before = "O"
            for row in sentence:
                if row.tag[0] == "B" and before[2:] != row.tag[2:]:
                    return False
                before = row.tag
    return True


def _annotation(document: _Document, file: Path, *, begins_inside: bool) -> Annotation:
    text = document.before
    spans: list[Span] = []
    mended: dict[Span, str] = {}
    for sentence in document.sentences:
        borders = []
        for i, row in enumerate(sentence):
            default = " " if i < len(sentence) - 1 else "" if sentence is document.sentences[-1] else "\n"
            borders.append((len(text), len(text) + len(row.text)))
            text += row.text + (default if row.gap is None else row.gap)
        for first, last, label, orphan in entities([row.tag for row in sentence]):
            spans.append(Span(borders[first][0], borders[last][1], label))
            if orphan and not begins_inside:
                mended[spans[-1]] = ORPHAN
    told = any(row.gap is not None for sentence in document.sentences for row in sentence)
    meta = {"file": file.stem} | ({"tokens": document.tokens} if document.tokens and not told else {})
    where = f"{file}, line {document.line} (document {document.doc_id})"
    return Annotation(document.doc_id, text, tuple(spans), meta, "", where, mended=mended)


def entities(tags: Sequence[str]) -> Iterator[tuple[int, int, str, bool]]:
    """First and last token, label, and whether it begins with I, of the entities of a sentence with B, I and O tags.

    As `conlleval` reads them: an I after O or after another label begins an entity.
    """
    first = 0
    for i, tag in enumerate(tags):
        if tag == "O":
            continue
        label, before, after = tag[2:], tags[i - 1] if i else "O", tags[i + 1] if i + 1 < len(tags) else "O"
        if tag[0] == "B" or before[2:] != label:
            first = i
        if after != f"I-{label}":
            yield first, i, label, tags[first][0] == "I"


def escape(text: str) -> str:
    """A text that fits into a column: blanks, line ends and the like written with a backslash, as in CoNLL-U."""
    return "".join(_ESCAPES.get(char) or (rf"\u{ord(char):04x}" if char.isspace() else char) for char in text)


def unescape(text: str) -> str:
    """The inverse of `escape`."""

    def char(match: re.Match[str]) -> str:
        return _UNESCAPES.get(match[0]) or chr(int(match[1], 16))

    return re.sub(r"\\(?:u([0-9a-f]{4})|[strnp\\])", char, text)
