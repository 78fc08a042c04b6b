"""How far annotators agree, and where they do not: for documents with two versions or more."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from sklearn.metrics import cohen_kappa_score
from spacy.language import Language

from .errors import ViNerError
from .records import Annotation, Span

CONTEXT = 60  # characters shown on either side of a disagreement
KINDS = ("missed", "border", "label", "border and label")


@dataclass(frozen=True)
class Disagreement:
    """One place where two annotators differ; None where one of them marked nothing.

    kind: `missed` (one has no span there), `border` (same label), `label` (same border), `border and label`.
    """

    doc_id: str
    kind: str
    annotators: tuple[str, str]
    spans: tuple[Span | None, Span | None]
    before: str
    text: str
    after: str


@dataclass(frozen=True)
class Pair:
    """The agreement of two annotators over the documents that both did; F is the same in either direction.

    strict: F over spans with the same borders and label. overlap: F over spans of the same label that share a
    character. kappa: Cohen's, over the label of each token; None where all tokens of both have one label.
    labels: Strict F per label.
    """

    annotators: tuple[str, str]
    documents: int
    spans: tuple[int, int]
    strict: float
    overlap: float
    kappa: float | None
    labels: dict[str, float]


@dataclass(frozen=True)
class Agreement:
    """The agreement of all pairs, its means over pairs, and every disagreement."""

    documents: int
    identical: int
    strict: float
    overlap: float
    kappa: float | None
    labels: dict[str, float]
    pairs: list[Pair] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)


def versions_by_document(versions: Sequence[Annotation]) -> dict[str, list[Annotation]]:
    """The versions of each document, by id and annotator.

    RAISES (ViNerError): A document with two texts, or two versions of one annotator.
    """
    groups: dict[str, list[Annotation]] = defaultdict(list)
    for version in sorted(versions, key=lambda version: (version.doc_id, version.annotator)):
        groups[version.doc_id].append(version)
    for doc_id, group in groups.items():
        names = Counter(version.annotator for version in group)
        if len({version.text for version in group}) > 1 or max(names.values()) > 1:
            raise ViNerError(
                f"The versions of {doc_id!r} have different texts, or two are of one annotator "
                f"({', '.join(names) or 'no name'}).",
                where=" and ".join(version.where for version in group[:2]),
                fix="Give each version of a document its own `annotator` and the same text.",
            )
    return dict(groups)


def agreement(versions: Sequence[Annotation], nlp: Language) -> Agreement:
    """The agreement of all annotators.

    nlp: Cuts texts into the tokens that kappa counts.
    RAISES (ViNerError): No document has two versions; see also `versions_by_document`.
    """
    groups = {key: group for key, group in versions_by_document(versions).items() if len(group) > 1}
    if not groups:
        raise ViNerError(
            "Not one document has versions of two annotators.",
            fix="Let two annotators confirm the same documents, in a project that is not shared, and pull again.",
        )
    couples: dict[tuple[str, str], list[tuple[Annotation, Annotation]]] = defaultdict(list)
    for group in groups.values():
        for first, second in combinations(group, 2):
            couples[first.annotator, second.annotator].append((first, second))
    pairs = [_pair(names, both, nlp) for names, both in sorted(couples.items())]
    kappas = [pair.kappa for pair in pairs if pair.kappa is not None]
    labels = sorted({label for pair in pairs for label in pair.labels})
    return Agreement(
        documents=len(groups),
        identical=sum(len({version.spans for version in group}) == 1 for group in groups.values()),
        strict=statistics.mean(pair.strict for pair in pairs),
        overlap=statistics.mean(pair.overlap for pair in pairs),
        kappa=statistics.mean(kappas) if kappas else None,
        labels={x: statistics.mean(pair.labels[x] for pair in pairs if x in pair.labels) for x in labels},
        pairs=pairs,
        disagreements=[d for both in couples.values() for first, second in both for d in disagreements(first, second)],
    )


def disagreements(first: Annotation, second: Annotation) -> Iterator[Disagreement]:
    """The places where two versions of a document differ, from the beginning of the text."""
    for a, b in match(first.spans, second.spans):
        if a == b:
            continue
        start = min(span.start for span in (a, b) if span)
        end = max(span.end for span in (a, b) if span)
        text = first.text
        yield Disagreement(
            doc_id=first.doc_id,
            kind=kind(a, b),
            annotators=(first.annotator, second.annotator),
            spans=(a, b),
            before=text[max(0, start - CONTEXT) : start],
            text=text[start:end],
            after=text[end : end + CONTEXT],
        )


def kind(a: Span | None, b: Span | None) -> str:
    """What two matched, different spans disagree about: one of `KINDS`."""
    if a is None or b is None:
        return "missed"
    if a.label == b.label:
        return "border"
    return "label" if (a.start, a.end) == (b.start, b.end) else "border and label"


def match(first: Sequence[Span], second: Sequence[Span]) -> list[tuple[Span | None, Span | None]]:
    """Each span of two versions once, with its counterpart or None.

    Equal spans first, then those with the same borders, then those with the same label, then by shared characters: so
    one long span over two short ones is a border for the likelier of them, and the other was missed.
    """

    def rank(pair: tuple[Span, Span]) -> tuple[bool, bool, bool, int, Span, Span]:
        a, b = pair
        shared = min(a.end, b.end) - max(a.start, b.start)
        low, high = sorted(pair)  # not by who is first: agreement has no direction
        return a != b, (a.start, a.end) != (b.start, b.end), a.label != b.label, -shared, low, high

    candidates = [(a, b) for a in first for b in second if a.start < b.end and b.start < a.end]
    taken: tuple[set[Span], set[Span]] = (set(), set())
    pairs: list[tuple[Span | None, Span | None]] = []
    for a, b in sorted(candidates, key=rank):
        if a not in taken[0] and b not in taken[1]:
            taken[0].add(a)
            taken[1].add(b)
            pairs.append((a, b))
    pairs += [(a, None) for a in first if a not in taken[0]]
    pairs += [(None, b) for b in second if b not in taken[1]]
    return sorted(pairs, key=lambda pair: min(span for span in pair if span))


def _pair(names: tuple[str, str], both: list[tuple[Annotation, Annotation]], nlp: Language) -> Pair:
    matched = [pair for first, second in both for pair in match(first.spans, second.spans)]
    equal = Counter(a.label for a, b in matched if a and a == b)
    near = sum(a is not None and b is not None and a.label == b.label for a, b in matched)
    marked = [Counter(span.label for version in side for span in version.spans) for side in zip(*both, strict=True)]
    labels = sorted(marked[0] | marked[1])
    total = marked[0].total() + marked[1].total()
    return Pair(
        annotators=names,
        documents=len(both),
        spans=(marked[0].total(), marked[1].total()),
        strict=_f(equal.total(), total),
        overlap=_f(near, total),
        kappa=_kappa(both, nlp),
        labels={label: _f(equal[label], marked[0][label] + marked[1][label]) for label in labels},
    )


def _f(common: int, total: int) -> float:
    """F of two sets with `common` members in both and `total` in all; 1 where both are empty."""
    return 2 * common / total if total else 1.0


def _kappa(both: list[tuple[Annotation, Annotation]], nlp: Language) -> float | None:
    tags: tuple[list[str], list[str]] = ([], [])
    for versions in both:
        tokens = [(token.idx, token.idx + len(token)) for token in nlp.make_doc(versions[0].text) if not token.is_space]
        for side, version in zip(tags, versions, strict=True):
            side.extend(_tags(tokens, version.spans))
    if len({*tags[0], *tags[1]}) < 2:
        return None  # nothing that could be agreed on by chance or otherwise
    return float(cohen_kappa_score(*tags))


def _tags(tokens: list[tuple[int, int]], spans: Sequence[Span]) -> list[str]:
    """The label of each token that shares a character with a span, else `O`."""
    tags, rest = [], list(spans)
    for start, end in tokens:
        while rest and rest[0].end <= start:
            rest.pop(0)
        tags.append(rest[0].label if rest and rest[0].start < end else "O")
    return tags
