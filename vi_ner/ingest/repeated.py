"""Lines that many documents have and that therefore are their sites': held as hashes, eight bytes a line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .forms import fold_line

REPEATED = 3  # stories that have a line from which it is a site's; in large heaps one in a thousand


class LineIndex:
    """The lines of all documents, added one document after another."""

    def __init__(self) -> None:
        self._hashes: list[np.ndarray] = []

    def add(self, lines: Iterable[str]) -> None:
        """The lines of one more document."""
        folded = {fold_line(line) for line in lines}
        self._hashes.append(np.fromiter((_hash(line) for line in folded if line), dtype=np.uint64))

    def repeated(self, stories: Sequence[int]) -> RepeatedLines:
        """The lines that enough stories have, where `stories` numbers each document's; versions of one count once."""
        of_story = np.repeat(np.array(stories, dtype=np.uint64), [len(hashes) for hashes in self._hashes])
        pairs = np.stack([np.concatenate(self._hashes), of_story], axis=1) if stories else np.empty((0, 2), np.uint64)
        pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
        fresh = np.append([True], (np.diff(pairs, axis=0) != 0).any(axis=1))[: len(pairs)]
        hashes, counts = np.unique(pairs[fresh, 0], return_counts=True)
        return RepeatedLines(frozenset(hashes[counts >= max(REPEATED, len(set(stories)) // 1000)].tolist()))


@dataclass(frozen=True)
class RepeatedLines:
    """A container of folded lines that knows only their hashes."""

    hashes: frozenset[int]

    def __contains__(self, line: object) -> bool:
        return isinstance(line, str) and _hash(line) in self.hashes


def _hash(line: str) -> int:
    return int.from_bytes(hashlib.blake2b(line.encode("utf8", "surrogatepass"), digest_size=8).digest(), "little")
