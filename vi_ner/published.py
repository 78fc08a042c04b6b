"""Corpora in CoNLL form to DocBins: others' labels renamed or left out, others' sides kept, every span accounted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .conll import read_conll
from .convert import MAX_REJECTED, Conversion, convert_gold, document_of, with_article
from .errors import ViNerError
from .records import Annotation, read_articles, read_labels
from .rows import read_json
from .split import Cluster, assign_sides

# How the files of a published split begin.
PUBLISHED = {"train": "train", "dev": "dev", "valid": "dev", "test": "test"}


def convert_conll(
    path: Path,
    *,
    labels: Path,
    output: Path,
    articles: Path | None = None,
    label_map: Path | None = None,
    published_sides: bool = False,
    tag_column: int | None = None,
    max_rejected: float = MAX_REJECTED,
) -> Conversion:
    """Convert a CoNLL file, or a folder of them, to `train|dev|test.spacy` and `conversion.json` in `output`.

    label_map: JSON object from the file's labels to those of `labels`, or to null for those to leave out.
    published_sides: Keep the sides that the file names say (`train…`, `dev…` or `valid…`, `test…`), to be compared with
        others' figures. Otherwise documents are split like all others here.
    tag_column: Column with the tags, from 1; None for the last.
    RAISES (ViNerError): Bad input (see `conll.read_conll`, `convert.convert_gold`), a label without an entry in the
        map, or a file name that says no side.
    """
    gold = read_conll(path, tag_column=tag_column)
    account = Conversion(documents_in=len(gold))
    if label_map:
        gold, account.labels_left_out = rename_labels(gold, read_label_map(label_map))
    known = {article.doc_id: article for article in read_articles(articles)} if articles else {}
    gold = [with_article(annotation, known) for annotation in gold]
    clusters = keep_sides(gold) if published_sides else assign_sides([document_of(item) for item in gold])
    return convert_gold(
        gold,
        clusters=clusters,
        labels=read_labels(labels),
        output=output,
        account=account,
        max_rejected=max_rejected,
    )


def read_label_map(path: Path) -> dict[str, str | None]:
    """The content of a label map.

    RAISES (ViNerError): Missing, or not an object of strings and nulls.
    """
    fix = 'Expected {"NAME": "PER", "AGE": null, …}; null leaves a label out.'
    names = read_json(path, fix=fix)
    if not isinstance(names, dict) or not all(name is None or isinstance(name, str) for name in names.values()):
        raise ViNerError("Not a label map.", where=str(path), fix=fix)
    return names


def rename_labels(
    gold: Sequence[Annotation], names: Mapping[str, str | None]
) -> tuple[list[Annotation], dict[str, int]]:
    """The annotations with their labels renamed, and how many spans of each label were left out.

    RAISES (ViNerError): The map has no entry for a label.
    """
    left_out: Counter[str] = Counter()
    renamed = []
    for annotation in gold:
        unknown = {span.label for span in annotation.spans} - set(names)
        if unknown:
            raise ViNerError(
                f"The label map has no entry for {', '.join(sorted(unknown))}.",
                where=annotation.where,
                fix="Add one; null leaves a label out.",
            )
        left_out.update(span.label for span in annotation.spans if names[span.label] is None)
        spans = [replace(span, label=name) for span in annotation.spans if (name := names[span.label])]
        mended = {replace(span, label=names[span.label] or ""): how for span, how in annotation.mended.items()}
        renamed.append(replace(annotation, spans=tuple(spans), mended=mended))
    return renamed, dict(sorted(left_out.items()))


def keep_sides(gold: Sequence[Annotation]) -> list[Cluster]:
    """A cluster for each document, on the side that the name of its file says.

    RAISES (ViNerError): A name says none.
    """
    clusters = []
    for annotation in gold:
        name = annotation.meta["file"]
        side = next((side for start, side in PUBLISHED.items() if name.lower().startswith(start)), None)
        if side is None:
            raise ViNerError(
                f"The file name {name!r} says no side.",
                where=annotation.where,
                fix="Name the files train…, dev… and test…, or leave out --published-sides.",
            )
        clusters.append(Cluster(side, annotation.doc_id, (annotation.doc_id,), (annotation.doc_id,), ()))
    return clusters
