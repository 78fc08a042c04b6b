"""Grouping: copies with known originals made from the project's own articles, and reports of invented events."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from itertools import combinations
from pathlib import Path

from vi_ner.ingest.groups import Grouping, Groups
from vi_ner.records import read_articles
from vi_ner.similar import Shingles

ARTICLES = Path(__file__).parents[1] / "corpus" / "articles"


def originals() -> list[str]:
    """One article of each of the corpus's groups, of 100 syllables at least, in one form."""
    raw = [article for article in read_articles(ARTICLES) if article.meta["form"] == "raw"]
    return list({article.meta["group"]: article.text for article in raw if len(article.text.split()) >= 100}.values())


def edited(text: str, others: list[str], rng: random.Random) -> str:
    """Every twelfth word another one, and a source line."""
    strange = others[0].split()
    words = [rng.choice(strange) if rng.random() < 1 / 12 else word for word in text.split(" ")]
    return " ".join(words) + "\n(Theo một nguồn khác)"


def cut(text: str, others: list[str], rng: random.Random) -> str:
    """Half to nine tenths of the text, from somewhere in it."""
    words = text.split(" ")
    size = int(len(words) * rng.uniform(0.5, 0.9))
    start = rng.randrange(len(words) - size + 1)
    return " ".join(words[start : start + size])


def segmented(text: str, others: list[str], rng: random.Random) -> str:
    """Syllables joined, blanks around punctuation, one line."""
    spaced = re.sub(r"([.,:;!?()“”\"])", r" \1 ", text.replace("\n", " "))
    return re.sub(r"(?<=\w) (?=\w)", lambda _: "_" if rng.random() < 0.35 else " ", re.sub(r" +", " ", spaced))


def group(texts: list[str], published: list[str] | None = None) -> Groups:
    with Shingles() as shingles:
        grouping = Grouping(shingles)
        for i, text in enumerate(texts):
            grouping.add(f"d{i}", text, published=published[i] if published else "")
        return grouping.find()


def test_copies_are_found_and_nothing_else() -> None:
    rng, stories = random.Random(7), originals()
    assert len(stories) > 150
    texts, of = list(stories), [{i} for i in range(len(stories))]
    known: set[tuple[int, int]] = set()
    for i, text in enumerate(stories):
        for make in (edited, cut, segmented):
            known.add((i, len(texts)))
            texts.append(make(text, [stories[i - 1]], rng))
            of.append({i})
    by_length = sorted(range(len(stories)), key=lambda i: len(stories[i].split()))
    for i, j in zip(by_length[::2], by_length[1::2], strict=False):
        known |= {(i, len(texts)), (j, len(texts))}
        texts.append(f"{stories[i]}\n{stories[j]}")
        of.append({i, j})
    found = {(link.first, link.second) for link in group(texts).links if link.kind == "near-duplicate"}
    right = sum(bool(of[i] & of[j]) for i, j in found)
    assert len(known & found) / len(known) >= 0.95
    assert right / len(found) >= 0.99


def test_the_events_of_the_corpus() -> None:
    """The corpus tells 79 events twice, in different words; its groups are the truth."""
    articles = read_articles(ARTICLES)
    groups = group([article.text for article in articles], [article.meta["published"] for article in articles]).groups
    members: defaultdict[int, list[int]] = defaultdict(list)
    for i, number in enumerate(groups):
        members[number].append(i)
    found = {pair for numbers in members.values() for pair in combinations(numbers, 2)}
    told = [article.meta["group"] for article in articles]
    true = {(i, j) for i, j in combinations(range(len(told)), 2) if told[i] == told[j]}
    assert len(found & true) / len(found) >= 0.85
    assert len(found & true) / len(true) >= 0.70


FIRST = (
    "Chiều 12/9, chủ tịch xã Đông Phú Phan Văn Đực tiếp đoàn của Hội Nghề cá Vạn Sơn do ông Lương Gia Khiêm dẫn đầu. "
    "Hai bên bàn việc nạo vét luồng Lạch Ghép, nơi tàu Hoàng Sa Kỳ mắc cạn."
)
SECOND = (
    "Ông Lương Gia Khiêm cho biết Hội Nghề cá Vạn Sơn sẽ góp hai máy hút bùn. Cuộc gặp với ông Phan Văn Đực hôm 13/9 "
    "tại Đông Phú diễn ra sau vụ tàu Hoàng Sa Kỳ mắc cạn ở Lạch Ghép."
)


def test_one_event_in_other_words_with_its_evidence() -> None:
    groups = group([FIRST, SECOND])
    assert groups.groups == [0, 0] and groups.stories == [0, 1]
    (link,) = groups.links
    assert link.kind == "event" and {"gia khiêm", "lạch ghép"} <= set(link.names) and link.dates


def test_the_same_names_months_later_are_another_event() -> None:
    assert group([FIRST, SECOND.replace("13/9", "2/3")]).groups == [0, 1]


def test_raw_and_segmented_are_one_story_and_a_group_keeps_its_name() -> None:
    rng = random.Random(3)
    twice = group([segmented(FIRST, [], rng), SECOND, FIRST], ["2024-09-14", "2024-09-13", "2024-09-15"])
    assert twice.stories == [0, 1, 0] and twice.groups == [0, 0, 0]
    assert twice.group_name(2) == "d1"  # the earliest published, whatever comes later
    assert group([]).groups == [] and group([""]).groups == [0]


def test_a_given_group_is_evidence_too() -> None:
    with Shingles() as shingles:
        grouping = Grouping(shingles)
        for doc_id, text in (("a", FIRST), ("b", "Giá tiêu nhích lên."), ("c", "Trời mưa cả ngày.")):
            grouping.add(doc_id, text, group="" if doc_id == "c" else "lũ")
        groups = grouping.find()
    assert [groups.group_name(i) for i in range(3)] == ["lũ", "lũ", "c"]
