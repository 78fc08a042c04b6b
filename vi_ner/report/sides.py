"""What the sides of the split hold and share, and what conversion lost on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ViNerError
from ..rows import read_json
from ..split import near_duplicates
from .cases import Case
from .kinds import surface


@dataclass(frozen=True)
class Side:
    """What a side of the split holds."""

    documents: int
    groups: int
    tokens: int
    labels: dict[str, int]


@dataclass(frozen=True)
class Leakage:
    """What the side under test shares with the training side.

    groups: Groups on both. near_duplicates: Pairs of near-duplicate documents, one on each side, by id.
    spans_seen: Gold spans under test whose text was annotated with the same label in training.
    """

    groups: tuple[str, ...]
    near_duplicates: tuple[tuple[str, str], ...]
    spans_seen: int
    spans: int


@dataclass(frozen=True)
class Loss:
    """What conversion did to the gold spans that came in; `changes` are those repaired or rejected.

    left_out: Spans in furniture, where it was left out; they count nowhere.
    """

    spans_in: int
    converted: int
    repaired: int
    rejected: int
    documents_set_aside: int
    changes: tuple[tuple[str, str, str, str], ...]  # document id, text, label, reason
    left_out: int = 0


def describe_side(cases: Sequence[Case]) -> Side:
    """The statistics of one side."""
    labels = Counter(entity.label for case in cases for entity in (*case.gold, *case.lost))
    return Side(
        documents=len(cases),
        groups=len({case.group for case in cases}),
        tokens=sum(len(case.tokens) for case in cases),
        labels=dict(sorted(labels.items())),
    )


def find_leakage(cases: Sequence[Case], train: Sequence[Case]) -> Leakage:
    """What the two sides share, by the measures that `split` goes by."""
    known = {(surface(case, entity).casefold(), entity.label) for case in train for entity in case.gold}
    spans = [(surface(case, entity).casefold(), entity.label) for case in cases for entity in case.gold]
    sides = {**{f"test {i}": case for i, case in enumerate(cases)}, **{f"train {i}": c for i, c in enumerate(train)}}
    links = near_duplicates({key: case.text for key, case in sides.items()})
    return Leakage(
        groups=tuple(sorted({case.group for case in cases} & {case.group for case in train})),
        near_duplicates=tuple(
            (sides[link.first].doc_id, sides[link.second].doc_id)
            for link in links  # "test …" sorts before "train …"
            if link.first.startswith("test") and link.second.startswith("train")
        ),
        spans_seen=sum(span in known for span in spans),
        spans=len(spans),
    )


def read_conversion(path: Path) -> Loss:
    """The account of `convert`.

    RAISES (ViNerError): There is none.
    """
    fix = "Give the conversion.json that `convert` wrote, or leave --conversion out."
    account = read_json(path, fix=fix)
    try:
        changes = [*account["rejected"], *account["repaired"]]
        return Loss(
            spans_in=account["spans_in"],
            converted=account["spans_converted"],
            repaired=len(account["repaired"]),
            rejected=len(account["rejected"]),
            documents_set_aside=len(account["documents_set_aside"]),
            changes=tuple((row["doc_id"], row["text"], row["label"], row["reason"]) for row in changes),
            left_out=len(account.get("left_out", ())),
        )
    except (ValueError, KeyError, TypeError) as error:
        reason = f"Not the account of a conversion ({type(error).__name__}: {error})."
        raise ViNerError(reason, where=str(path), fix=fix) from error
