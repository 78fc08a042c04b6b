"""Similar sets among many, in memory that grows by half a kilobyte a document.

datasketch makes the MinHash signatures. Its LSH index keeps a Python set for every bucket, measured at 20 kB a document
with these bands (2 GB for 100,000 documents); here one band after another is sorted as an array, and the sets
themselves, which decide about every candidate, lie in a temporary file where they are many.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator

import numpy as np
from datasketch import MinHash

PERMUTATIONS = 128
# A pair is a candidate where two neighbouring values of its signatures agree in one of 64 bands: at a similarity of 0.3
# in 99.8 % of the cases, at 0.01 in 0.6 %.
ROWS = 2
IN_MEMORY = 50_000_000  # bytes of sets above which they go to a temporary file
CROWD = 50  # documents in one bucket from which each is compared with the first and the next only


class Shingles:
    """Sets of strings, numbered in their order. A context manager: the temporary file is gone afterwards."""

    def __init__(self, sets: Iterable[Iterable[str]] = ()) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (closed by __exit__)
        self._ends = [0]
        self._empty = MinHash(num_perm=PERMUTATIONS, hashfunc=int)  # copies of it share its permutations
        self._signatures: list[np.ndarray] = []
        for strings in sets:
            self.add(strings)

    def __enter__(self) -> Shingles:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def add(self, strings: Iterable[str]) -> None:
        """One more set; an empty one is similar to none."""
        hashes = np.unique(np.fromiter(map(_hash, strings), dtype=np.uint32))
        self._file.write(hashes.tobytes())
        self._ends.append(self._ends[-1] + len(hashes))
        sketch = self._empty.copy()
        if len(hashes):
            sketch.update_batch(hashes.tolist())
        self._signatures.append(sketch.hashvalues.astype(np.uint32))

    def similar(self, threshold: float) -> Iterator[tuple[int, int, float]]:
        """Pairs (i, j, Jaccard similarity) with i < j and a similarity of at least `threshold`, sorted.

        threshold: At least 0.3, below which candidates would be missed.
        """
        for i, j in self._candidates():
            one, other = self._hashes(i), self._hashes(j)
            common = np.intersect1d(one, other, assume_unique=True).size
            similarity = common / (one.size + other.size - common)
            if similarity >= threshold:
                yield i, j, round(float(similarity), 4)

    def _hashes(self, number: int) -> np.ndarray:
        start, end = self._ends[number : number + 2]
        self._file.seek(4 * start)
        return np.frombuffer(self._file.read(4 * (end - start)), dtype=np.uint32)

    def _candidates(self) -> list[tuple[int, int]]:
        sizes = np.diff(self._ends)
        filled = np.flatnonzero(sizes)
        if not filled.size:
            return []
        signatures = np.stack([self._signatures[i] for i in filled])
        found = np.empty(0, dtype=np.uint64)
        for start in range(0, PERMUTATIONS, ROWS):
            band = signatures[:, start].astype(np.uint64) << np.uint64(32) | signatures[:, start + 1].astype(np.uint64)
            pairs = [filled[first] * len(sizes) + filled[second] for first, second in _agreeing(band)]
            found = np.unique(np.concatenate([found, np.array(pairs, dtype=np.uint64)]))
        return [divmod(int(pair), len(sizes)) for pair in found]


def _agreeing(values: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs of positions with equal values, the smaller first; in a crowd only some, which still connect it."""
    order = np.argsort(values, kind="stable")
    borders = np.flatnonzero(np.diff(values[order])) + 1
    starts, ends = np.concatenate([[0], borders]), np.concatenate([borders, [len(values)]])
    for k in np.flatnonzero(ends - starts > 1):
        members = order[starts[k] : ends[k]].tolist()
        for i, first in enumerate(members):
            others = members[i + 1 :] if len(members) <= CROWD or i == 0 else members[i + 1 : i + 2]
            yield from ((first, second) for second in others)


def _hash(string: str) -> int:
    return int.from_bytes(hashlib.blake2b(string.encode("utf8", "surrogatepass"), digest_size=4).digest(), "little")
