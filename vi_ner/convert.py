"""Doccano annotations to spaCy DocBins, with an account of every span.

Every gold span that comes in is converted as it is, repaired (and how) or rejected (and why). Spans that fit no
token border travel with their document, so that evaluation counts them as missed.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import regex
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from .errors import ViNerError
from .files import replacing_files
from .furniture import cut_out, find_furniture, put_back, require_parts, touches
from .invisible import UNSEEN
from .records import Annotation, Article, Span, read_annotations, read_articles, read_labels
from .split import SIDES, Cluster, Document, assign_sides
from .tokenizer import set_news_rules

FORMAT_VERSION = 1
MAX_REJECTED = 0.01  # share of gold spans beyond which a conversion fails
_BLANK = regex.compile(UNSEEN)  # what no entity begins or ends with, see `bio`
USER_DATA = "vi_ner"  # key in `Doc.user_data`: doc_id, group, meta, lost (spans as [start, end, label])


@dataclass(frozen=True)
class Change:
    """A gold span that was not converted as it came."""

    doc_id: str
    start: int
    end: int
    label: str
    text: str
    reason: str


@dataclass
class Conversion:
    """The account of a conversion; spans_in == converted + repaired + rejected + left_out.

    left_out: Spans in furniture that is left out.
    labels_left_out: Spans of labels that were not asked for; they are not part of `spans_in`.
    """

    documents_in: int = 0
    documents_converted: int = 0
    documents_set_aside: list[dict[str, str]] = field(default_factory=list)
    labels_left_out: dict[str, int] = field(default_factory=dict)
    spans_in: int = 0
    spans_converted: int = 0
    repaired: list[Change] = field(default_factory=list)
    rejected: list[Change] = field(default_factory=list)
    left_out: list[Change] = field(default_factory=list)
    sides: dict[str, dict[str, Any]] = field(default_factory=dict)
    clusters: list[Cluster] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The content of `conversion.json`; only clusters of more than one document are listed."""
        content = asdict(self) | {"clusters": [asdict(c) for c in self.clusters if len(c.doc_ids) > 1]}
        return {"version": FORMAT_VERSION, **content}


def news_tokenizer() -> Language:
    """A blank Vietnamese pipeline with the project's tokenization rules; needs neither pyvi nor a config file."""
    nlp = spacy.blank("vi", config={"nlp": {"tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"}}})
    return set_news_rules(nlp)


def convert(
    annotations: Path,
    *,
    articles: Path | None,
    labels: Path,
    output: Path,
    offset_unit: str | None = None,
    annotator: str | None = None,
    without_furniture: bool = False,
    max_rejected: float = MAX_REJECTED,
) -> Conversion:
    """Convert a Doccano export to `train|dev|test.spacy` and `conversion.json` in `output`.

    annotations: JSONL, ZIP, or a folder of either. articles: Folder or file with the articles, whose texts must be
    the annotated ones and whose metadata count; None to take the metadata of the export's rows. Where furniture was
    left out of the annotated text, the Doc is the whole article, with annotation missing over its furniture.
    without_furniture: Leave the furniture out of training and scores although it was annotated too.
    RAISES (ViNerError): Bad input (see `records`, `merge_versions`, `check_spans`), or too many rejected spans.
        Nothing is written then.
    """
    versions = read_annotations(annotations, offset_unit=offset_unit)
    known = {article.doc_id: article for article in read_articles(articles)} if articles else {}
    account = Conversion()
    gold = [with_article(version, known) for version in merge_versions(versions, annotator=annotator, account=account)]
    if without_furniture:
        require_parts([annotation.meta for annotation in gold])
        gold = [replace(g, unread=find_furniture(g.text, g.meta, where=g.where)) for g in gold]
    return convert_gold(
        gold,
        clusters=assign_sides([document_of(annotation) for annotation in gold]),
        labels=read_labels(labels),
        output=output,
        account=account,
        max_rejected=max_rejected,
    )


def convert_gold(
    gold: Sequence[Annotation],
    *,
    clusters: list[Cluster],
    labels: Sequence[str],
    output: Path,
    account: Conversion,
    max_rejected: float = MAX_REJECTED,
) -> Conversion:
    """Write one annotation per document to the DocBin of its cluster's side, and the completed account.

    RAISES (ViNerError): See `check_spans`, or too many rejected spans. Nothing is written then.
    """
    for annotation in gold:
        check_spans(annotation, labels)
    nlp = news_tokenizer()
    account.spans_in = sum(len(annotation.spans) for annotation in gold)
    docs = {annotation.doc_id: to_doc(nlp, annotation, account) for annotation in gold}
    _refuse_loss(account, max_rejected)
    account.documents_converted = len(docs)
    account.clusters = clusters
    bins = {side: _side(docs, clusters, side) for side in SIDES}
    account.sides = {side: side_statistics(bins[side]) for side in SIDES}
    _write(bins, account, output)
    return account


def merge_versions(versions: Sequence[Annotation], *, annotator: str | None, account: Conversion) -> list[Annotation]:
    """One annotation per document, sorted by id.

    An empty version beside a filled one is an annotator's untouched copy and does not count, unless it was confirmed; a
    document that several annotators all left empty is set aside, because nobody said that it holds no entity. Where
    versions that count differ, that of `annotator` counts.
    RAISES (ViNerError): One id with different texts, filled versions that differ and no choice between them, an unknown
        annotator, or not one document left.
    """
    by_id: dict[str, list[Annotation]] = defaultdict(list)
    for version in versions:
        by_id[version.doc_id].append(version)
    names = sorted({version.annotator for version in versions})
    if annotator is not None and annotator not in names:
        raise ViNerError(
            f"Found no annotator {annotator!r}, only {', '.join(map(repr, names))}.", fix="Check --annotator."
        )
    account.documents_in = len(by_id)
    gold = []
    for doc_id, group in sorted(by_id.items()):
        chosen = _choose_version(doc_id, group, annotator)
        if chosen is None:
            account.documents_set_aside.append({"doc_id": doc_id, "reason": "untouched by every annotator"})
        else:
            gold.append(chosen)
    if not gold:
        raise ViNerError("Every document is untouched by every annotator.", fix="Annotate some, then export again.")
    return gold


def _choose_version(doc_id: str, versions: Sequence[Annotation], annotator: str | None) -> Annotation | None:
    """The version that counts, or None where several annotators all left the document empty."""
    texts = {version.text for version in versions}
    if len(texts) > 1:
        raise ViNerError(
            f"The document id {doc_id!r} stands for {len(texts)} different texts.",
            where=", ".join(version.where for version in versions[:2]),
            fix="Give every document its own id.",
        )
    filled = [version for version in versions if version.spans or version.confirmed]
    if len({version.spans for version in filled}) > 1:
        filled = [version for version in filled if version.annotator == annotator]
        if len({version.spans for version in filled}) != 1:
            raise ViNerError(
                f"The document {doc_id!r} has versions that differ.",
                where=" and ".join(version.where for version in versions[:2]),
                fix="Choose one annotator with --annotator, or adjudicate first.",
            )
    if filled:
        return filled[0]
    return versions[0] if len({version.annotator for version in versions}) == 1 else None


def check_spans(annotation: Annotation, labels: Sequence[str]) -> None:
    """RAISES (ViNerError): A label that is not in `labels`, or spans that overlap."""
    for span in annotation.spans:
        if span.label not in labels:
            raise ViNerError(
                f"Found the label {span.label!r}, expected one of {', '.join(labels)}.",
                where=annotation.where,
                fix="Rename it in Doccano, or add it to the list of labels.",
            )
    for first, second in zip(annotation.spans, annotation.spans[1:], strict=False):
        if second.start < first.end and first != second:
            raise ViNerError(
                f"Overlapping spans: {annotation.text[first.start : first.end]!r} ({first.label}) and "
                f"{annotation.text[second.start : second.end]!r} ({second.label}).",
                where=annotation.where,
                fix="Turn overlap off in the Doccano project and keep the longer span.",
            )


def to_doc(nlp: Language, annotation: Annotation, account: Conversion) -> Doc:
    """The gold Doc of an annotation; what is repaired or rejected goes into the account."""
    doc = nlp.make_doc(annotation.text)
    entities, lost = [], []
    for index, span in enumerate(annotation.spans):
        if touches(span.start, span.end, annotation.unread):
            account.left_out.append(change(annotation, span, "in furniture"))
            continue
        trimmed, how, reason = settle(annotation, index)
        entity = None if reason else doc.char_span(trimmed.start, trimmed.end, span.label)
        if entity is None:
            account.rejected.append(change(annotation, span, reason or "inside a token"))
            if not reason:
                lost.append([span.start, span.end, span.label])
            continue
        entities.append(entity)
        if how:
            account.repaired.append(change(annotation, span, how))
        else:
            account.spans_converted += 1
    missing = [doc.char_span(start, end, alignment_mode="contract") for start, end in annotation.unread]
    doc.set_ents(entities, missing=[span for span in missing if span is not None])
    known = {"doc_id": annotation.doc_id, "group": _group(annotation), "meta": annotation.meta, "lost": lost}
    doc.user_data[USER_DATA] = _storable(known, annotation.where)
    return doc


def _storable(known: dict[str, Any], where: str) -> dict[str, Any]:
    """RAISES (ViNerError): A DocBin cannot hold it: a number over 64 bits, lists in lists in lists …."""
    try:
        srsly.msgpack_dumps(known)
    except (OverflowError, ValueError) as error:
        raise ViNerError(
            f"Metadata that no DocBin can hold: {error}.", where=where, fix="Keep it to texts and ordinary numbers."
        ) from error
    return known


def settle(annotation: Annotation, index: int) -> tuple[Span, str, str]:
    """A gold span without blanks at its edges, how it was repaired, and why it is rejected (either may be empty)."""
    span = annotation.spans[index]
    trimmed = _trim(annotation.text, span)
    how = annotation.mended.get(span, "") or ("blanks at its edge cut off" if trimmed != span else "")
    if span in annotation.spans[:index]:
        return trimmed, how, "the same span twice"
    return trimmed, how, "" if trimmed.start < trimmed.end else "nothing but blanks"


def side_statistics(docs: Sequence[Doc]) -> dict[str, Any]:
    """Counts of a side: documents, syllables, spans by label, and the median and longest document in syllables."""
    lengths = [len(doc.text.split()) for doc in docs]
    return {
        "documents": len(docs),
        "groups": len({doc.user_data[USER_DATA]["group"] for doc in docs}),
        "syllables": sum(lengths),
        "median_length": statistics.median(lengths) if lengths else 0,
        "longest": max(lengths, default=0),
        "labels": dict(sorted(Counter(ent.label_ for doc in docs for ent in doc.ents).items())),
    }


def with_article(annotation: Annotation, articles: Mapping[str, Article]) -> Annotation:
    """The annotation with its article's metadata; without articles, as it is.

    RAISES (ViNerError): There is no such article, or it has another text.
    """
    if not articles:
        return annotation
    article = articles.get(annotation.doc_id)
    if article is None:
        raise ViNerError(
            f"No article has the id {annotation.doc_id!r}.",
            where=annotation.where,
            fix="Give the articles that were annotated (`doc_id` is Doccano's `doc_uid`), or leave --articles out.",
        )
    if article.text != annotation.text:
        whole = put_back(annotation, article)
        if whole is not None:
            return replace(whole, meta=annotation.meta | article.meta)
        raise ViNerError(
            f"The annotated text is not the text of the article {annotation.doc_id!r}.",
            where=annotation.where,
            fix="Texts are never changed after annotation: restore the article, or annotate it anew.",
        )
    return replace(annotation, meta=annotation.meta | article.meta)


def _group(annotation: Annotation) -> str:
    return str(annotation.meta.get("group") or annotation.doc_id)


def document_of(annotation: Annotation) -> Document:
    """What the split needs to know of an annotated document."""
    published = str(annotation.meta.get("published") or "")
    # Pages of one site share their furniture, which makes them no near-duplicates.
    return Document(annotation.doc_id, cut_out(annotation.text, annotation.unread), _group(annotation), published)


def _trim(text: str, span: Span) -> Span:
    start, end = span.start, span.end
    while start < end and _BLANK.match(text[start]):
        start += 1
    while start < end and _BLANK.match(text[end - 1]):
        end -= 1
    return Span(start, end, span.label)


def change(annotation: Annotation, span: Span, reason: str) -> Change:
    """The line of an account on one span."""
    text = annotation.text[span.start : span.end]
    return Change(annotation.doc_id, span.start, span.end, span.label, text, reason)


def _refuse_loss(account: Conversion, max_rejected: float) -> None:
    share = len(account.rejected) / account.spans_in if account.spans_in else 0.0
    if share > max_rejected:
        shown = "; ".join(f"{lost.doc_id}: {lost.text!r} {lost.reason}" for lost in account.rejected[:5])
        raise ViNerError(
            f"{len(account.rejected)} of {account.spans_in} gold spans ({share:.1%}) would be lost, "
            f"more than the {max_rejected:.1%} allowed: {shown}.",
            fix="Mend them in Doccano, or allow more with --max-rejected.",
        )


def _side(docs: Mapping[str, Doc], clusters: Iterable[Cluster], side: str) -> list[Doc]:
    return [docs[i] for i in sorted(i for cluster in clusters if cluster.side == side for i in cluster.doc_ids)]


def _write(bins: Mapping[str, Sequence[Doc]], account: Conversion, output: Path) -> None:
    """All files or none: sides of two conversions would share documents, so they never stand side by side."""
    names = [*(f"{side}.spacy" for side in bins), "conversion.json"]
    with replacing_files(*(output / name for name in names)) as paths:
        for path, docs in zip(paths, bins.values(), strict=False):
            DocBin(attrs=["ENT_IOB", "ENT_TYPE"], store_user_data=True, docs=docs).to_disk(path)
        srsly.write_json(paths[-1], account.to_json())
