"""A diverse sample for annotation, seeded and explained."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Upper ends of the bands, in syllables and in names per 100 syllables.
LENGTHS = ((150, "under 150 syllables"), (400, "150 to 400 syllables"), (1000, "400 to 1000 syllables"))
DENSITIES = ((4, "few names"), (8, "some names"))


@dataclass(frozen=True)
class Summary:
    """What selection and the page of what came in need to know of an article; no text."""

    doc_id: str
    story: str
    group: str
    source: str
    genre: str
    published: str
    syllables: int
    names: int
    segmented: bool
    encoding: str
    extractor: str
    furniture: float
    flags: tuple[str, ...]

    @property
    def traits(self) -> dict[str, str]:
        """The values by which a sample is to be diverse."""
        density = 100 * self.names / max(1, self.syllables)
        return {
            "group": self.group,
            "source": self.source or "unknown",
            "genre": self.genre or "unknown",
            "length": next((name for end, name in LENGTHS if self.syllables < end), "over 1000 syllables"),
            "entities": next((name for end, name in DENSITIES if density < end), "many names"),
            "form": "segmented" if self.segmented else "raw",
        }


@dataclass(frozen=True)
class Choice:
    """A chosen article and what it adds: the traits that fewer of those chosen before it had."""

    doc_id: str
    why: str


def select(articles: Sequence[Summary], count: int, *, seed: int = 0) -> list[Choice]:
    """At most `count` articles, no two of one story, each the one that adds most to those before it.

    A trait counts 1 / (1 + how many chosen articles have it), so what is rare among the chosen is sought. Flagged
    articles are left out; ties are broken by a hash of seed and id, so the order of the input is of no consequence.
    """
    pool = sorted((a for a in articles if not a.flags), key=lambda a: _rank(a.doc_id, seed))
    if not pool:
        return []
    kinds = list(pool[0].traits)
    codes = [np.unique([a.traits[kind] for a in pool], return_inverse=True)[1] for kind in kinds]
    stories = np.unique([a.story for a in pool], return_inverse=True)[1]
    chosen_with = [np.zeros(code.max() + 1) for code in codes]
    free = np.ones(len(pool), dtype=bool)
    choices: list[Choice] = []
    while free.any() and len(choices) < count:
        gains = np.stack([1 / (1 + counts[code]) for counts, code in zip(chosen_with, codes, strict=True)])
        best = int(np.argmax(np.where(free, gains.sum(axis=0), -1)))
        traits = [
            f"{kind}: {pool[best].traits[kind]}" for kind, gain in zip(kinds, gains[:, best], strict=True) if gain == 1
        ]
        rarest = kinds[int(np.argmax(gains[:, best]))]
        why = f"first of {', '.join(traits)}" if traits else f"least seen so far by {rarest}"
        choices.append(Choice(pool[best].doc_id, why))
        free &= stories != stories[best]
        for counts, code in zip(chosen_with, codes, strict=True):
            counts[code[best]] += 1
    return choices


def _rank(doc_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{doc_id}".encode("utf8", "surrogatepass")).digest()
