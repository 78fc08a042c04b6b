"""Annotations to CoNLL, with an account of every span; `conll` reads back the same texts and the same spans.

Tokens are cut where a span begins or ends inside one, so every span has a place. Sentences end where the pipeline's do,
so that tools with a limit on their input can read the file, but never inside a span.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import TextIO

from spacy.tokens import Doc

from .conll import BLANKS, DOCUMENT_START, escape
from .convert import USER_DATA, Conversion, change, check_spans, merge_versions, news_tokenizer, settle
from .errors import ViNerError
from .files import replacing_file
from .records import Annotation, Span

SENTENCE_ENDS = [".", "!", "?", "…", "..."]
Borders = list[tuple[int, int]]
# The tokens of a text, and which of them begin sentences.
Tokenize = Callable[[str], tuple[Borders, set[int]]]


def export_conll(annotations: Sequence[Annotation], output: Path, *, annotator: str | None = None) -> Conversion:
    """Write annotations, several versions of a document merged, as a CoNLL file with the columns token, gap and tag.

    RETURNS: The account. Blanks at the edges of a span are repaired; duplicates and spans of blanks are rejected.
    RAISES (ViNerError): Versions that differ (see `convert.merge_versions`), overlapping spans, or the disk refuses.
    """
    account = Conversion()
    gold = merge_versions(annotations, annotator=annotator, account=account)
    account.documents_converted = len(gold)
    for annotation in gold:
        check_spans(annotation, [span.label for span in annotation.spans])
    news = news_tokens()
    with replacing_file(output) as path, path.open("w", encoding="utf8", newline="\n") as stream:
        for annotation in gold:
            tokenize = blank_tokens if annotation.meta.get("tokens") == BLANKS else news
            spans = list(_kept(annotation, account))
            write_document(annotation, spans, tokenize, stream)
    return account


def doc_annotation(doc: Doc) -> Annotation:
    """A gold Doc as an annotation; the spans that its tokens could not express count again.

    RAISES (ViNerError): `convert` has not written it.
    """
    if USER_DATA not in doc.user_data:
        raise ViNerError("A document without an id.", fix="Give a DocBin that `convert` wrote.")
    data = doc.user_data[USER_DATA]
    spans = [Span(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
    spans += [Span(*span) for span in data["lost"]]
    return Annotation(data["doc_id"], doc.text, tuple(sorted(spans)), data["meta"], "", f"document {data['doc_id']}")


def news_tokens() -> Tokenize:
    """The project's own tokens and sentences."""
    nlp = news_tokenizer()
    nlp.add_pipe("sentencizer", config={"punct_chars": SENTENCE_ENDS})

    def tokenize(text: str) -> tuple[Borders, set[int]]:
        tokens = [token for token in nlp(text) if not token.is_space]
        borders = [(token.idx, token.idx + len(token)) for token in tokens]
        starts = {token.idx for token in tokens if token.is_sent_start}
        return borders, starts | {b for (_, a), (b, _) in pairwise(borders) if "\n" in text[a:b]}

    return tokenize


def blank_tokens(text: str) -> tuple[Borders, set[int]]:
    """The tokens of a text that came from a CoNLL file without gaps: what stands between blanks, sentences on lines."""
    borders = [match.span() for match in re.finditer(r"[^ \n]+", text)]
    return borders, {b for (_, a), (b, _) in pairwise(borders) if "\n" in text[a:b]}


def write_document(annotation: Annotation, spans: Sequence[Span], tokenize: Tokenize, stream: TextIO) -> None:
    """Write one document: its id, then a line per token, an empty line after each sentence."""
    text = annotation.text
    borders, starts = tokenize(text)
    tokens = list(_cut(borders, {border for span in spans for border in (span.start, span.end)}))
    tags = _tags(tokens, spans)
    values = {"doc_id": annotation.doc_id, "tokens": BLANKS if tokenize is blank_tokens else ""}
    values["SpacesAfter"] = text[: tokens[0][0]] if tokens else text
    told = "|".join(f"{key}={escape(value)}" for key, value in values.items() if value)
    stream.write(f"{DOCUMENT_START}\t{told}\tO\n\n")
    for i, ((start, end), tag) in enumerate(zip(tokens, tags, strict=True)):
        last = i == len(tokens) - 1
        ends = last or (tokens[i + 1][0] in starts and tags[i + 1][0] != "I")
        gap = text[end:] if last else text[end : tokens[i + 1][0]]
        usual = "" if last else "\n" if ends else " "
        told = "_" if gap == usual else f"SpacesAfter={escape(gap)}" if gap else "SpaceAfter=No"
        stream.write(f"{text[start:end]}\t{told}\t{tag}\n" + "\n" * ends)


def _kept(annotation: Annotation, account: Conversion) -> Iterator[Span]:
    """The spans to be written; what is repaired or rejected goes into the account."""
    for index, span in enumerate(annotation.spans):
        trimmed, how, reason = settle(annotation, index)
        account.spans_in += 1
        if reason:
            account.rejected.append(change(annotation, span, reason))
            continue
        if how:
            account.repaired.append(change(annotation, span, how))
        else:
            account.spans_converted += 1
        yield trimmed


def _cut(borders: Borders, cuts: set[int]) -> Iterator[tuple[int, int]]:
    for start, end in borders:
        yield from pairwise([start, *sorted(cut for cut in cuts if start < cut < end), end])


def _tags(tokens: Borders, spans: Iterable[Span]) -> list[str]:
    tags = ["O"] * len(tokens)
    starts = [start for start, _ in tokens]
    for span in spans:
        first, after = bisect_left(starts, span.start), bisect_left(starts, span.end)
        tags[first:after] = chain([f"B-{span.label}"], [f"I-{span.label}"] * (after - first - 1))
    return tags
