"""Agreement of annotators: figures worked out by hand, and every disagreement shown once."""

from __future__ import annotations

import pytest
from spacy.language import Language

from vi_ner.agreement import agreement, kind, match, versions_by_document
from vi_ner.disagreements import agreement_page, disagreement_rows
from vi_ner.errors import ViNerError
from vi_ner.records import Annotation, Span

TEXT = "Bà Lý Thị Mẩy gặp ông Giàng A Páo ở chợ Cán Cấu hôm 5/3."
LY, GIANG, PAO, MARKET, DAY = (3, 13), (22, 33), (30, 33), (36, 47), (48, 55)


def version(annotator: str, *spans: tuple[tuple[int, int], str], doc_id: str = "d1", text: str = TEXT) -> Annotation:
    found = tuple(Span(start, end, label) for (start, end), label in spans)
    return Annotation(doc_id, text, found, {}, annotator, f"{annotator}.jsonl", confirmed=True)


AN = version("an", (LY, "PER"), (GIANG, "PER"), (MARKET, "LOC"))
BINH = version("binh", (LY, "PER"), (PAO, "PER"), (MARKET, "ORG"), (DAY, "DATE"))


def test_figures_are_those_worked_out_by_hand(tokenizer: Language) -> None:
    result = agreement([AN, BINH], tokenizer)
    # One of three and four spans is common; two share label and characters.
    assert result.strict == pytest.approx(2 * 1 / 7)
    assert result.overlap == pytest.approx(2 * 2 / 7)
    assert result.labels == {"DATE": 0, "LOC": 0, "ORG": 0, "PER": pytest.approx(2 * 1 / 4)}
    # Tokens: Bà [Lý Thị Mẩy] gặp ông [Giàng A Páo] ở [chợ Cán Cấu] [hôm 5 / 3] . They are alike in 9 of 17.
    tokens = [token.text for token in tokenizer.make_doc(TEXT)]
    an = ["PER" if 1 <= i <= 3 or 6 <= i <= 8 else "LOC" if 10 <= i <= 12 else "O" for i in range(len(tokens))]
    binh = ["PER" if 1 <= i <= 3 or i == 8 else "ORG" if 10 <= i <= 12 else "O" for i in range(len(tokens))]
    binh[13:-1] = ["DATE"] * (len(tokens) - 14)
    observed = sum(a == b for a, b in zip(an, binh, strict=True)) / len(an)
    chance = sum(an.count(x) * binh.count(x) for x in {*an, *binh}) / len(an) ** 2
    assert result.kappa == pytest.approx((observed - chance) / (1 - chance))


def test_agreement_has_no_direction(tokenizer: Language) -> None:
    swapped = agreement([version("binh", *spans(AN)), version("an", *spans(BINH))], tokenizer)
    result = agreement([AN, BINH], tokenizer)
    assert (swapped.strict, swapped.overlap, swapped.kappa) == (result.strict, result.overlap, result.kappa)


def spans(annotation: Annotation) -> list[tuple[tuple[int, int], str]]:
    return [((span.start, span.end), span.label) for span in annotation.spans]


def test_every_disagreement_has_its_kind_and_its_text(tokenizer: Language) -> None:
    result = agreement([AN, BINH], tokenizer)
    assert [(d.kind, d.text) for d in result.disagreements] == [
        ("border", "Giàng A Páo"),
        ("label", "chợ Cán Cấu"),
        ("missed", "hôm 5/3"),
    ]
    row = disagreement_rows(result)[2]
    assert row["versions"] == [{"annotator": "an", "span": None}, {"annotator": "binh", "span": [*DAY, "DATE"]}]
    assert row["before"] + row["text"] + row["after"] == TEXT


def test_matching_prefers_the_likelier_counterpart() -> None:
    long, left, right = Span(0, 10, "ORG"), Span(0, 3, "LOC"), Span(4, 10, "ORG")
    assert match([long], [left, right]) == [(None, left), (long, right)]
    assert match([left, right], [long]) == [(left, None), (right, long)]
    assert match([], []) == []
    assert kind(long, Span(0, 3, "PER")) == "border and label"


def test_three_annotators_make_three_pairs_and_their_mean(tokenizer: Language) -> None:
    result = agreement([AN, BINH, version("chi", *spans(AN))], tokenizer)
    assert [(pair.annotators, pair.strict) for pair in result.pairs] == [
        (("an", "binh"), pytest.approx(2 / 7)),
        (("an", "chi"), 1),
        (("binh", "chi"), pytest.approx(2 / 7)),
    ]
    assert result.strict == pytest.approx((2 / 7 + 1 + 2 / 7) / 3)


def test_two_confirmed_empty_versions_agree(tokenizer: Language) -> None:
    result = agreement([version("an"), version("binh")], tokenizer)
    assert (result.strict, result.kappa, result.identical) == (1, None, 1)


def test_one_version_alone_agrees_with_nobody(tokenizer: Language) -> None:
    with pytest.raises(ViNerError, match="versions of two annotators"):
        agreement([AN], tokenizer)


def test_versions_of_different_texts_are_refused() -> None:
    with pytest.raises(ViNerError, match="'d1' have different texts"):
        versions_by_document([AN, version("binh", text=TEXT + " ")])


def test_the_page_shows_text_as_text(tokenizer: Language) -> None:
    text = 'Ông <b>Vừ & "Sùng"</b> đi.'
    first = version("an", ((4, 21), "PER"), text=text)
    page = agreement_page(agreement([first, version("<i>", text=text)], tokenizer))
    assert "&lt;b&gt;Vừ &amp; &#34;Sùng&#34;&lt;" in page
    assert "<mark>" in page
    assert "nothing marked" in page
    assert "<i>" not in page
