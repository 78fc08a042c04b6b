"""Train, dev and test sides that never share a story.

Documents of one `group`, and near-duplicates whatever their group, form a cluster; a cluster lies on one side. The side
is a function of one group id alone, that of the cluster's earliest published document. So neither order nor file names
nor further articles move anything, unless an article links two clusters or antedates its own.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import regex
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .similar import Shingles

SIDES = ("train", "dev", "test")
TEST_SHARE = 0.1
DEV_SHARE = 0.1
NEAR_DUPLICATE = 0.3  # Jaccard similarity of syllable 5-grams from which two texts count as versions of one
SHINGLE = 5


@dataclass(frozen=True)
class Document:
    """What the split needs to know of a document. `published` is an ISO date or empty."""

    doc_id: str
    text: str
    group: str
    published: str = ""


@dataclass(frozen=True, order=True)
class Link:
    """Two near-duplicates and the Jaccard similarity of their syllable 5-grams."""

    first: str
    second: str
    similarity: float


@dataclass(frozen=True)
class Cluster:
    """Documents that must lie on one side, and why they do.

    anchor: The group id that the side is a function of.
    groups: All groups in the cluster; more than one where near-duplicates link them.
    """

    side: str
    anchor: str
    groups: tuple[str, ...]
    doc_ids: tuple[str, ...]
    links: tuple[Link, ...]


def side_of(group: str) -> str:
    """The side of a group id: a function of its hash and of nothing else."""
    value = fraction(group)
    if value < TEST_SHARE:
        return "test"
    return "dev" if value < TEST_SHARE + DEV_SHARE else "train"


def fraction(key: str) -> float:
    """A number from 0 to 1 that is a function of the key's hash and of nothing else."""
    return int.from_bytes(hashlib.sha256(key.encode("utf8", "surrogatepass")).digest()[:8], "big") / 2**64


def syllables(text: str) -> list[str]:
    """The syllables of a text with case, underscores, composition and punctuation folded away."""
    return regex.findall(r"\w+", unicodedata.normalize("NFC", text).casefold().replace("_", " "))


def shingles(text: str) -> frozenset[str]:
    """All runs of five syllables; a shorter text is one shingle."""
    words = syllables(text)
    runs = range(max(1, len(words) - SHINGLE + 1))
    return frozenset(" ".join(words[i : i + SHINGLE]) for i in runs) if words else frozenset()


def near_duplicates(texts: Mapping[str, str], *, threshold: float = NEAR_DUPLICATE) -> list[Link]:
    """Pairs of texts with a similarity of at least `threshold`, sorted.

    Candidates come from MinHash LSH (Broder 1997) and are verified by the exact Jaccard similarity.
    """
    doc_ids = sorted(texts)
    with Shingles(shingles(texts[doc_id]) for doc_id in doc_ids) as sets:
        return sorted(Link(doc_ids[i], doc_ids[j], similarity) for i, j, similarity in sets.similar(threshold))


def assign_sides(documents: Sequence[Document]) -> list[Cluster]:
    """Clusters of all documents with their sides, sorted by their first document id."""
    ordered = sorted(documents, key=lambda document: document.doc_id)
    links = near_duplicates({document.doc_id: document.text for document in ordered})
    members = defaultdict(list)
    for document, label in zip(ordered, _components(ordered, links), strict=True):
        members[label].append(document)
    linked = defaultdict(list)
    for link in links:
        linked[link.first].append(link)
    return [
        _cluster(cluster, [link for document in cluster for link in linked[document.doc_id]])
        for cluster in members.values()
    ]


def _components(documents: Sequence[Document], links: Sequence[Link]) -> list[int]:
    """A component number per document, connected by shared groups and by links."""
    position = {document.doc_id: i for i, document in enumerate(documents)}
    first_of_group: dict[str, int] = {}
    edges = [(position[link.first], position[link.second]) for link in links]
    edges += [(first_of_group.setdefault(document.group, i), i) for i, document in enumerate(documents)]
    rows, columns = zip(*edges, strict=True) if edges else ((), ())
    size = len(documents)
    graph = coo_array(([1] * len(edges), (rows, columns)), shape=(size, size))
    return connected_components(graph, directed=False)[1].tolist() if size else []


def _cluster(documents: Sequence[Document], links: Sequence[Link]) -> Cluster:
    earliest = min(documents, key=lambda document: (document.published or "9999", document.group))
    return Cluster(
        side=side_of(earliest.group),
        anchor=earliest.group,
        groups=tuple(sorted({document.group for document in documents})),
        doc_ids=tuple(document.doc_id for document in documents),
        links=tuple(links),
    )
