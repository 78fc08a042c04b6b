"""Entities as one tag per token, and back, by spaCy's own components: a tagger and an entity ruler.

A softmax over tags learns from far fewer updates than the transition-based `ner`, and a pipeline made of built-in
components loads anywhere. What the tags of single tokens lack, agreement with their neighbours, `viterbi` adds when
training has ended. Tokens that the encoder does not see (underscores, blanks, invisible characters) have no word
piece and all look alike to it; they get the tag `_`, which continues an entity but never begins or ends one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import regex
from spacy.tokens import Doc

from . import invisible
from .records import read_labels

OUTSIDE = "O"
UNSEEN = "_"
_UNSEEN_TEXT = regex.compile(rf"{invisible.UNSEEN}+")


def set_bio_tags(doc: Doc) -> None:
    """Set `token.tag_` to B-X, I-X, O or `_` after the entities of a gold document, in place.

    Where annotation is missing (see `furniture`) there is no tag, and training learns nothing.
    """
    for token in doc:
        if token.ent_iob == 0:
            token.tag_ = ""
        elif _UNSEEN_TEXT.fullmatch(token.text):
            token.tag_ = UNSEEN
        else:
            token.tag_ = f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else OUTSIDE


def bio_patterns(labels: Sequence[str]) -> list[dict[str, Any]]:
    """Patterns of an entity ruler that read entities off the tags.

    The first tag of a run decides its label: where the tagger wavers between two labels inside one name, it is still
    one name. An I that follows no B begins an entity: the words were recognised, only the first tag was not. Edges are
    tokens that can be seen, whatever their tags say.
    """
    inside = [f"I-{label}" for label in labels]
    seen = {"REGEX": invisible.SEEN}
    last = {"TAG": {"IN": inside}, "TEXT": seen}
    between = {"TAG": {"IN": [*inside, UNSEEN]}, "OP": "*"}
    patterns: list[dict[str, Any]] = []
    for label in labels:
        first = {"TAG": {"IN": [f"B-{label}", f"I-{label}"]}, "TEXT": seen}
        patterns += [{"label": label, "pattern": [first]}, {"label": label, "pattern": [first, between, last]}]
    return patterns


def bio_tags(labels: Sequence[str]) -> list[str]:
    """All tags of a label set."""
    return [OUTSIDE, UNSEEN, *(f"{position}-{label}" for label in labels for position in "BI")]


def create_bio_patterns(labels: str) -> list[dict[str, Any]]:
    """`vi_ner.BioPatterns.v1`, for `[initialize.components.entity_ruler]`; `labels`: a file like labels.json."""
    return bio_patterns(read_labels(Path(labels)))


def create_bio_tags(labels: str) -> list[str]:
    """`vi_ner.BioTags.v1`, for `[initialize.components.tagger]`; `labels`: a file like labels.json."""
    return bio_tags(read_labels(Path(labels)))
