from __future__ import annotations

import random

from vi_ner.split import SIDES, Document, assign_sides, near_duplicates, side_of, syllables

STORY = (
    "Sáng sớm hôm qua, chiếc phà nhỏ chở mười hai công nhân của xưởng gỗ rời bến như thường lệ. Đến giữa sông, máy "
    "đột ngột tắt, nước chảy xiết đẩy phà về phía chân cầu đang thi công. Người lái phà kịp ném dây cho một ghe hàng "
    "chạy ngang, nhờ vậy không ai bị thương."
)
OTHER = (
    "Giá hồ tiêu tại các tỉnh phía nam nhích lên trong tuần này nhờ sức mua của thương nhân nước ngoài. Nhiều hộ trồng "
    "vẫn giữ hàng, chờ mức cao hơn trước khi bán ra."
)


def documents(count: int) -> list[Document]:
    """Documents of `count` groups, two in each, with texts that share nothing."""
    return [
        Document(f"{i}-{j}", " ".join(f"từ{i}x{j}y{k}" for k in range(30)), f"group-{i}", f"20{i % 20:02}-01-01")
        for i in range(count)
        for j in range(2)
    ]


def sides(docs: list[Document]) -> dict[str, str]:
    return {doc_id: cluster.side for cluster in assign_sides(docs) for doc_id in cluster.doc_ids}


def test_a_group_lies_on_one_side_and_all_sides_are_used() -> None:
    found = sides(documents(200))
    assert all(found[f"{i}-0"] == found[f"{i}-1"] for i in range(200))
    shares = {side: sum(value == side for value in found.values()) / 400 for side in SIDES}
    assert 0.7 < shares["train"] < 0.9 and 0.05 < shares["dev"] < 0.16 and 0.05 < shares["test"] < 0.16


def test_neither_order_nor_more_articles_move_anything() -> None:
    docs = documents(60)
    before = sides(docs[:80])
    random.Random(1).shuffle(docs)
    after = sides(docs)
    assert {doc_id: after[doc_id] for doc_id in before} == before


def test_near_duplicates_of_different_groups_lie_on_one_side() -> None:
    train = next(f"g{i}" for i in range(99) if side_of(f"g{i}") == "train")
    test = next(f"g{i}" for i in range(99) if side_of(f"g{i}") == "test")
    segmented = STORY.replace("công nhân", "công_nhân").replace("người lái", "người_lái").upper()
    docs = [
        Document("first", STORY, test, "2024-03-01"),
        Document("copy", segmented + " Theo báo địa phương.", train, "2024-03-02"),
        Document("else", OTHER, "other", "2024-03-03"),
    ]
    clusters = {cluster.doc_ids: cluster for cluster in assign_sides(docs)}
    cluster = clusters["copy", "first"]
    assert cluster.side == "test"  # that of the earliest document's group
    assert cluster.groups == tuple(sorted([train, test]))
    assert cluster.links[0].similarity > 0.8
    assert clusters["else",].links == ()


def test_similarity_is_the_exact_jaccard_of_five_grams() -> None:
    words = STORY.split()
    half = " ".join(words[: len(words) // 2])
    grams = [len(syllables(text)) - 4 for text in (half, STORY)]
    (link,) = near_duplicates({"a": half, "b": STORY, "c": OTHER})
    assert link.similarity == round(grams[0] / grams[1], 4)


def test_pairs_at_the_threshold_are_found() -> None:
    """LSH proposes at random; what the exact similarity would link must not depend on it."""
    texts = {}
    for i in range(60):
        common = [f"c{i}x{j}" for j in range(40)]
        for part in "ab":
            texts[f"{i}{part}"] = " ".join(common + [f"{part}{i}x{j}" for j in range(35)])
    assert len(near_duplicates(texts)) >= 58


def test_empty_input_and_empty_texts() -> None:
    assert assign_sides([]) == []
    clusters = assign_sides([Document("a", "", "a"), Document("b", "…", "b")])
    assert [cluster.doc_ids for cluster in clusters] == [("a",), ("b",)]
