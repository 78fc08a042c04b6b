"""One harness per reader: whatever bytes come in, the reader gives a right result or one of our own errors."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from vi_ner.errors import ViNerError
from vi_ner.ingest.articles import draft
from vi_ner.ingest.encodings import UndecodableError, decode, repair
from vi_ner.ingest.sources import Piece, read_pieces
from vi_ner.records import Annotation, read_annotations, read_articles, read_labels
from vi_ner.settings import KEYS, LOCAL_DATA, SECRETS, read_connection
from vi_ner.tag import read_texts
from vi_ner.treebank import FILE_NAME, read_layer, read_sentences

SENTENCES = {"train:1": "Bà Mẫn về Huế .", "dev:1": "Ông Pím LBKT Đà Nẵng RBKT ."}
_SUFFIXES = "jsonl json csv tsv parquet zip tar tgz txt.gz txt.bz2 txt.xz html txt csv.gz"
SUFFIXES = _SUFFIXES.split(" ")
_SCRATCH = tempfile.TemporaryDirectory(prefix="fuzz-")
FOLDER = Path(_SCRATCH.name)


def written(name: str, data: bytes) -> Path:
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def one_line(read: Callable[[], object]) -> None:
    """Only our own error may come out, and it is one line."""
    try:
        read()
    except ViNerError as error:
        assert str(error).isprintable(), str(error)


def check(annotations: list[Annotation]) -> None:
    for annotation in annotations:
        annotation.text.encode("utf8")
        assert all(0 <= span.start < span.end <= len(annotation.text) for span in annotation.spans)


def rows(data: bytes) -> None:
    path = written("a.jsonl", data)
    one_line(lambda: check(read_annotations(path)))
    one_line(lambda: check(read_annotations(path, offset_unit="grapheme")))
    one_line(lambda: read_articles(path))


def archive(data: bytes) -> None:
    path = written("a.zip", data)
    one_line(lambda: check(read_annotations(path, offset_unit="utf16")))


def labels(data: bytes) -> None:
    path = written("labels.json", data)
    one_line(lambda: ", ".join(read_labels(path)))


def layer(data: bytes) -> None:
    path = written("layer.jsonl", data)
    one_line(lambda: check(list(read_layer(path, SENTENCES))))
    written(FILE_NAME.format(split="dev"), data)
    one_line(lambda: dict(read_sentences(FOLDER, "dev")))


def env(data: bytes) -> None:
    written(f"{LOCAL_DATA}/{SECRETS}", data)
    for key in KEYS:
        os.environ.pop(key, None)
    one_line(lambda: [value.encode("utf8") for value in read_connection(FOLDER).environment().values()])


def tag(data: bytes) -> None:
    for suffix in ("txt", "jsonl"):
        path = written(f"a.{suffix}", data)
        one_line(lambda path=path: [row.text.encode("utf8") for row in read_texts([str(path)])])  # type: ignore[misc]


def encodings(data: bytes) -> None:
    for encoding in (None, "vni", "tcvn3", "cp1258"):
        try:
            repair(decode(data, encoding=encoding).text).text.encode("utf8")
        except UndecodableError as error:
            assert str(error)


def pieces(data: bytes) -> None:
    """The first byte chooses what kind of file the others are."""
    path = written(f"a.{SUFFIXES[data[0] % len(SUFFIXES)] if data else 'txt'}", data[1:])
    for piece in read_pieces([str(path)], columns={}, limit=100_000):
        if isinstance(piece, Piece):
            try:
                made = draft(piece)
            except UndecodableError as error:
                assert str(error)
                continue
            assert "".join(made.text[part.start : part.end] for part in made.parts) == made.text
            f"{made.doc_id}{made.text}{made.meta}{made.provenance}".encode()


READERS = {reader.__name__: reader for reader in (rows, archive, labels, layer, env, tag, encodings, pieces)}
