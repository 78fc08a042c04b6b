from __future__ import annotations

import random

import pytest
from test_groups import ARTICLES

from vi_ner.augment import no_diacritics
from vi_ner.ingest.quality import find_flags
from vi_ner.ingest.segmented import find_segmentation
from vi_ner.ingest.selection import Summary, select
from vi_ner.records import read_articles

TEXT = (
    "Sau gần một tháng biển động, ngư dân Hòn Rơm trúng đậm cá cơm, mỗi thúng về bờ mang theo 80 đến 100 kg cá tươi. "
    "Giá cá tại bến 22.000 đồng một ký, thương lái từ Phan Rí vào mua hết trước 8h. Nhiều nhà kiếm được ba triệu đồng."
)
ENGLISH = (
    "The ferry lost power in the middle of the river on Monday morning, and twelve workers had to wait for an hour "
    "until a cargo boat could tow them to the bank, the owner of the yard said. Nobody was hurt in the accident."
)
RUIN = "N g ư dân H0n R0m tr|ng đậm c á c ơ m, m õl thúng v ề b ờ m a n g th e o cá t ư ơ i v a g i á b á n "


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (TEXT, set()),
        (TEXT.upper(), set()),
        ("".join(no_diacritics(TEXT, [], random.Random(0))), {"no-diacritics"}),
        (ENGLISH, {"language"}),
        ("Trời nắng to ở Hòn Rơm.", {"short"}),
        ("\n".join(f"Mã {i} {i * 7}.5 12.3 4,5% 99" for i in range(20)), {"numbers"}),
        (
            "N g ư dân H0n R0m tr|ng đậm c á c ơ m, m õl thúng v ề b ờ m a n g th e o cá t ư ơ i v a g i á b á n " * 3,
            {"ocr"},
        ),
        ("", {"no-text"}),
    ],
)
def test_flags(text: str, flags: set[str]) -> None:
    assert find_flags(text).keys() == flags


def test_hardly_an_article_of_the_corpus_is_flagged_wrongly() -> None:
    articles = [a for a in read_articles(ARTICLES) if a.meta["form"] == "raw"]
    flagged = [a.doc_id for a in articles if find_flags(a.text).keys() - {"short"}]
    assert len(flagged) <= 0.01 * len(articles), flagged


def test_segmentation_of_the_corpus_is_found_out() -> None:
    articles = read_articles(ARTICLES)
    wrong = [a.doc_id for a in articles if find_segmentation(a.text).segmented != a.meta["segmented"]]
    assert not wrong


def test_habits_of_segmenters() -> None:
    glued = find_segmentation("Hôm qua ông Kim_kể với ông Kim về Putin_nhân_dịp lễ , theo Tổng_thống Putin .")
    assert glued.habits == ["joined syllables", "blanks around punctuation", "glued names"]
    assert find_segmentation("Hôm_qua , Chủ_tịch_nước thăm Hợp_tác_xã .").habits == glued.habits[:2]
    assert find_segmentation("Tệp bao_cao_12.txt nằm trong thư mục " + "của anh Nam " * 20).habits == []


def summary(i: int, *, story: str = "", flags: tuple[str, ...] = (), **traits: str) -> Summary:
    return Summary(
        doc_id=f"d{i}",
        story=story or f"d{i}",
        group=traits.get("group", f"d{i}"),
        source=traits.get("source", "Báo Một"),
        genre=traits.get("genre", ""),
        published="",
        syllables=200,
        names=10,
        segmented=False,
        encoding="utf_8",
        extractor="",
        furniture=0.0,
        flags=flags,
    )


def test_a_sample_is_diverse_seeded_and_explained() -> None:
    articles = [summary(i, source="Báo Hai" if i < 3 else "Báo Một", genre=f"g{i % 4}") for i in range(60)]
    articles += [summary(100 + i, story="d0", source="Báo Ba") for i in range(5)] + [summary(200, flags=("ocr",))]
    choices = select(articles, 12, seed=5)
    stories = [next(a.story for a in articles if a.doc_id == choice.doc_id) for choice in choices]
    sources = [next(a.source for a in articles if a.doc_id == choice.doc_id) for choice in choices]
    assert len(choices) == 12 == len(set(stories)) and sources.count("Báo Hai") >= 2 and "Báo Ba" in sources
    assert choices[0].why.startswith("first of group: ") and all(choice.why for choice in choices)
    random.Random(1).shuffle(articles)
    assert select(articles, 12, seed=5) == choices != select(articles, 12, seed=6)
    assert len(select(articles, 500)) == 60 and select([], 3) == []
