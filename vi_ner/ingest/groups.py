"""Which documents belong together, and on what evidence.

Near-duplicates (copies, edited, cut, merged or segmented; versions of one agency story) form a `story`; stories of one
event form a `group`. Both are as transitive as their links; no link is without its evidence.
"""

from __future__ import annotations

import itertools
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from ..similar import Shingles
from ..split import NEAR_DUPLICATE, shingles
from .names import YEAR, Day, find_days, find_names

SHARED = 4  # rare names that two reports of one event share at least
SHARE = 0.25  # of the rare names of the one that has fewer
DAYS = 3  # days between a date of the one and a date of the other
NAMES = 60  # names of a document that count, the first mentioned
DATES = 8
CROWD = 200  # documents of the same days from which on a name is not rare there


@dataclass(frozen=True)
class Evidence:
    """Why two documents, by their numbers, belong together.

    kind: `near-duplicate` (with `similarity`, the Jaccard index of their syllable 5-grams), `event` (with the rare
        names and near dates they share) or `given` (both came with the same group).
    """

    first: int
    second: int
    kind: str
    similarity: float = 0.0
    names: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Groups:
    """For every document the number of its story and of its group: the smallest number of a document in it.

    names: The name of every group by its number: the group that its earliest document came with, or that one's id.
    """

    doc_ids: list[str]
    stories: list[int]
    groups: list[int]
    names: dict[int, str]
    links: list[Evidence]

    def story_name(self, number: int) -> str:
        """The story of a document: the id of the first in it."""
        return self.doc_ids[self.stories[number]]

    def group_name(self, number: int) -> str:
        """The group of a document."""
        return self.names[self.groups[number]]


@dataclass
class Grouping:
    """Documents as they come in, reduced to what grouping needs; `find` links them."""

    shingles: Shingles
    doc_ids: list[str] = field(default_factory=list)
    vocabulary: dict[str, int] = field(default_factory=dict)
    names: list[array[int]] = field(default_factory=list)
    days: list[tuple[Day, ...]] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many documents there are."""
        return len(self.doc_ids)

    def add(self, doc_id: str, text: str, *, published: str = "", group: str = "") -> int:
        """One more document, without its furniture; gives the number of its names. published: ISO date or empty."""
        self.shingles.add(shingles(text))
        names = find_names(text)
        numbers = [self.vocabulary.setdefault(name, len(self.vocabulary)) for name in names[:NAMES]]
        self.names.append(array("I", numbers))
        self.days.append(tuple(find_days(text, published=published)[:DATES]))
        self.doc_ids.append(doc_id)
        self.given.append(group)
        self.published.append(published)
        return len(names)

    def find(self) -> Groups:
        """All links; near-duplicates are not linked again as one event."""
        similar = [Evidence(i, j, "near-duplicate", similarity=s) for i, j, s in self.shingles.similar(NEAR_DUPLICATE)]
        stories = self._components(similar)
        given = list(self._given())
        events = [link for link in self._events() if stories[link.first] != stories[link.second]]
        links = sorted([*similar, *given, *events], key=lambda link: (link.first, link.second, link.kind))
        groups = self._components(links)
        return Groups(self.doc_ids, stories, groups, self._group_names(groups), links)

    def _group_names(self, groups: Sequence[int]) -> dict[int, str]:
        """Of the earliest published document, so that later articles of an event do not rename its group."""
        earliest: dict[int, int] = {}
        for i, group in enumerate(groups):
            best = earliest.setdefault(group, i)
            if (self.published[i] or "9999", self.doc_ids[i]) < (self.published[best] or "9999", self.doc_ids[best]):
                earliest[group] = i
        return {group: self.given[i] or self.doc_ids[i] for group, i in earliest.items()}

    def _given(self) -> Iterator[Evidence]:
        first: dict[str, int] = {}
        for i, group in enumerate(self.given):
            if group and first.setdefault(group, i) != i:
                yield Evidence(first[group], i, "given")

    def _components(self, links: Sequence[Evidence]) -> list[int]:
        """For every document the smallest number of those connected with it."""
        size = self.size
        rows, columns = [link.first for link in links], [link.second for link in links]
        graph = coo_array((np.ones(len(links)), (rows, columns)), shape=(size, size))
        labels = connected_components(graph, directed=False)[1]
        return np.unique(labels, return_index=True)[1][labels].tolist()

    def _events(self) -> list[Evidence]:
        """Pairs that share rare names and have dates within a few days of each other."""
        rare = self._rare()
        buckets = defaultdict(list)
        for i, days in enumerate(self.days):
            for bucket in {(day.of_year + shift) // (DAYS + 1) for day in days for shift in (0, DAYS + 1)}:
                buckets[bucket % (YEAR // (DAYS + 1) + 1)].append(i)
        pairs = set(itertools.chain.from_iterable(self._sharing(buckets[key], rare) for key in sorted(buckets)))
        spelled = list(self.vocabulary)
        found = (self._event(i, j, rare, spelled) for i, j in sorted(pairs))
        return [link for link in found if link is not None]

    def _rare(self) -> list[frozenset[int]]:
        """For every document its names that few have."""
        counts = Counter(itertools.chain.from_iterable(self.names))
        most = max(50, self.size // 100)
        return [frozenset(name for name in names if 1 < counts[name] <= most) for names in self.names]

    def _sharing(self, members: Sequence[int], rare: Sequence[frozenset[int]]) -> Iterator[tuple[int, int]]:
        """Pairs among the members with at least SHARED rare names in common."""
        counts = Counter(itertools.chain.from_iterable(rare[i] for i in members))
        cells = [(row, name) for row, i in enumerate(members) for name in rare[i] if 1 < counts[name] <= CROWD]
        if not cells:
            return
        rows, columns = zip(*cells, strict=True)
        narrow = np.unique(columns, return_inverse=True)[1]
        table = csr_array((np.ones(len(rows), dtype=np.int32), (rows, narrow)), shape=(len(members), max(narrow) + 1))
        shared = (table @ table.T).tocoo()
        chosen = (shared.data >= SHARED) & (shared.row < shared.col)
        for row, column in zip(shared.row[chosen].tolist(), shared.col[chosen].tolist(), strict=True):
            yield members[row], members[column]

    def _event(self, i: int, j: int, rare: Sequence[frozenset[int]], spelled: Sequence[str]) -> Evidence | None:
        common = rare[i] & rare[j]
        dates = {str(day) for day in self.days[i] if any(day.near(other, days=DAYS) for other in self.days[j])}
        if not dates or len(common) < max(SHARED, SHARE * min(len(rare[i]), len(rare[j]))):
            return None
        return Evidence(
            i, j, "event", names=tuple(sorted(spelled[name] for name in common)), dates=tuple(sorted(dates))
        )


def as_json(link: Evidence, doc_ids: Sequence[str]) -> dict[str, Any]:
    """A link as a row of `links.jsonl`."""
    evidence: dict[str, Any] = {"first": doc_ids[link.first], "second": doc_ids[link.second], "kind": link.kind}
    if link.kind == "near-duplicate":
        evidence["similarity"] = link.similarity
    if link.kind == "event":
        evidence |= {"names": list(link.names), "dates": list(link.dates)}
    return evidence
