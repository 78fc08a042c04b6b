"""The entity layer over UD_Vietnamese-VTB: our spans by key and offset, joined with sentences fetched by the user.

The treebank's licence (CC BY-SA 4.0) is share-alike, so its sentences are not part of this project. The layer names a
sentence by split and `sent_id` (ids are not unique across splits) and carries the SHA-1 of its text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from .augment import rewrite
from .convert import Conversion, convert_gold
from .errors import ViNerError
from .records import Annotation, Span, read_labels, read_spans
from .rows import check_length, read_lines, read_rows, reading
from .split import Cluster, side_of

SPLITS = ("train", "dev", "test")
FILE_NAME = "vi_vtb-ud-{split}.conllu"
BRACKETS = {"LBKT": "(", "RBKT": ")"}


def convert_treebank(layer: Path, treebank: Path, *, labels: Path, output: Path) -> Conversion:
    """Join layer and treebank to `train|dev|test.spacy` and `conversion.json`.

    treebank: Folder with the .conllu files. Sides are a function of the sentence's key, not of the treebank's splits.
    RAISES (ViNerError): A file is missing, a sentence is missing or has another text than the annotated one.
    """
    sentences = {key: text for split in SPLITS for key, text in read_sentences(treebank, split)}
    gold = list(read_layer(layer, sentences))
    clusters = [Cluster(side_of(item.doc_id), item.doc_id, (item.doc_id,), (item.doc_id,), ()) for item in gold]
    account = Conversion(documents_in=len(gold))
    return convert_gold(gold, clusters=clusters, labels=read_labels(labels), output=output, account=account)


def read_sentences(treebank: Path, split: str) -> Iterator[tuple[str, str]]:
    """Pairs of key (`split:sent_id`) and text: the `# text =` line, stripped.

    RAISES (ViNerError): The file is missing or cannot be read.
    """
    path = treebank / FILE_NAME.format(split=split)
    if not path.is_file():
        raise ViNerError(
            "The treebank file is missing.",
            where=str(path),
            fix="Run `spacy project assets`, or give the folder of your own copy of UD_Vietnamese-VTB.",
        )
    key = ""
    with reading(path), path.open(encoding="utf8") as stream:
        for where, line in read_lines(stream, str(path)):
            name, _, value = line.partition("=")
            if name.strip() == "# sent_id":
                key = f"{split}:{value.strip()}"
            elif name.strip() == "# text":
                yield key, check_length(value.strip(), where)


def read_layer(layer: Path, sentences: dict[str, str]) -> Iterator[Annotation]:
    """The annotations of the layer with the texts of the treebank.

    RAISES (ViNerError): A sentence is missing, there twice, or its text is not the one that was annotated.
    """
    seen: set[str] = set()
    if not layer.is_file():
        raise ViNerError("The entity layer is missing.", where=str(layer), fix="Check --layer.")
    with reading(layer), layer.open(encoding="utf8") as stream:
        for where, row in read_rows(stream, str(layer)):
            if not {"split", "sent_id", "sha1", "label"} <= set(row):
                raise ViNerError("Found no split, sent_id, sha1 and label.", where=where, fix="Check --layer.")
            key = f"{row['split']}:{row['sent_id']}"
            if key in seen:
                raise ViNerError(f"The sentence {key} stands there twice.", where=where, fix="Keep one of the rows.")
            seen.add(key)
            text = sentences.get(key)
            if text is None or hashlib.sha1(text.encode("utf8")).hexdigest() != row["sha1"]:
                what = "is not in this treebank" if text is None else "has another text here than the annotated one"
                raise ViNerError(
                    f"The sentence {key} {what}.",
                    where=where,
                    fix="Get another release of UD_Vietnamese-VTB: its sentences must be those that were annotated.",
                )
            text, spans = with_brackets(text, read_spans(row, text, where))
            meta = {"source": "UD_Vietnamese-VTB", "group": key}
            yield Annotation(key, text, tuple(spans), meta, "", f"{where} ({key})")


def with_brackets(text: str, spans: list[Span]) -> tuple[str, list[Span]]:
    """The sentence as the newspaper printed it: the treebank writes its round brackets as `LBKT` and `RBKT`."""
    pieces = list(text)
    for escape in re.finditer(r"\b[LR]BKT\b", text):
        pieces[escape.start() : escape.end()] = [BRACKETS[escape.group()], "", "", ""]
    return rewrite(text, spans, pieces)
