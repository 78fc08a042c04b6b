"""What the report computes on: plain texts and spans, free of spaCy's Docs and of the model that made them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from spacy.language import Language
from spacy.pipeline import Sentencizer
from spacy.tokens import Doc
from spacy.util import minibatch

from ..augment import FORMS, rewrite
from ..convert import USER_DATA
from ..furniture import touches, unread_stretches
from ..records import Span

SENTENCE_ENDS = [".", "!", "?", "…", "..."]
BATCH = 8  # documents; larger batches are no faster here, and take memory


@dataclass(frozen=True, slots=True)
class Entity:
    """A labelled stretch of a text, in code points; `confidence` (0 to 1) where a model gave it one."""

    start: int
    end: int
    label: str
    confidence: float | None = None

    @property
    def key(self) -> tuple[int, int, str]:
        """What a prediction and a gold span must share to be the same."""
        return self.start, self.end, self.label


@dataclass(frozen=True)
class Case:
    """A gold document.

    lost: Gold spans that conversion could not express. meta: `genre`, `topic`, `source`, `form` and so on.
    tokens, sentences: (n, 2) code points of the tokens that are no blanks, and of the sentences.
    unread: Stretches for which annotation is missing; what is found there is neither right nor wrong.
    """

    doc_id: str
    group: str
    text: str
    gold: tuple[Entity, ...]
    lost: tuple[Entity, ...]
    meta: dict[str, Any]
    tokens: NDArray[np.int32]
    sentences: NDArray[np.int32]
    unread: tuple[tuple[int, int], ...] = ()


def read_case(doc: Doc, number: int) -> Case:
    """The case of a gold Doc as `convert` writes it; a document without id or group is named by its number."""
    known = doc.user_data.get(USER_DATA, {})
    doc_id = str(known.get("doc_id") or f"document {number}")
    return Case(
        doc_id=doc_id,
        group=str(known.get("group") or doc_id),
        text=doc.text,
        gold=tuple(Entity(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents),
        lost=tuple(Entity(start, end, label) for start, end, label in known.get("lost", ())),
        meta=dict(known.get("meta", {})),
        tokens=_borders(token for token in doc if not token.is_space),
        sentences=_sentences(doc),
        unread=unread_stretches(doc),
    )


def _borders(tokens: Iterable[Any]) -> NDArray[np.int32]:
    return np.array([(token.idx, token.idx + len(token)) for token in tokens], dtype=np.int32).reshape(-1, 2)


def _sentences(doc: Doc) -> NDArray[np.int32]:
    """Sentences end at the usual marks and at line ends, whatever pipeline is looked at."""
    (starts,) = Sentencizer(punct_chars=SENTENCE_ENDS).predict([doc])
    begin = [i for i in range(len(doc)) if i == 0 or starts[i] or "\n" in doc[i - 1].text]
    spans = [doc[i:j] for i, j in zip(begin, [*begin[1:], len(doc)], strict=True)]
    spans = [span for span in spans if not span.text.isspace()]
    return np.array([(span.start_char, span.end_char) for span in spans], dtype=np.int32).reshape(-1, 2)


def in_form(cases: Sequence[Case], name: str, *, seed: int = 0) -> list[Case]:
    """The cases with their texts in a form of `augment`, spans moved along; tokens and sentences are left empty."""
    rng = random.Random(seed)
    none = np.zeros((0, 2), dtype=np.int32)
    changed = []
    for case in cases:
        spans = [Span(*entity.key) for entity in case.gold]
        replacements = FORMS[name](case.text, spans, rng)
        text, moved = rewrite(case.text, [*spans, *(Span(*stretch, "") for stretch in case.unread)], replacements)
        gold = tuple(Entity(span.start, span.end, span.label) for span in moved[: len(spans)])
        unread = tuple((span.start, span.end) for span in moved[len(spans) :])
        # Lost spans count as missed wherever they lie.
        changed.append(replace(case, text=text, gold=gold, tokens=none, sentences=none, unread=unread))
    return changed


def read_only(case: Case, predicted: Iterable[Entity]) -> tuple[Entity, ...]:
    """The predictions that can be right or wrong, because somebody annotated what they cover."""
    return tuple(entity for entity in predicted if not touches(entity.start, entity.end, case.unread))


def predict(nlp: Language, texts: Iterable[str]) -> Iterator[tuple[Entity, ...]]:
    """The entities a pipeline finds in each text, with confidences where `confident` says that it has them.

    Docs and activations are let go batch by batch, so memory does not grow with the number of texts.
    """
    tagger: Any = nlp.get_pipe("tagger") if confident(nlp) else None
    # `doc_cleaner` would take away what the tagger's probabilities are computed from.
    with nlp.select_pipes(disable=[name for name in nlp.pipe_names if name == "doc_cleaner" and tagger is not None]):
        for batch in minibatch(texts, BATCH):
            docs = list(nlp.pipe(batch))
            scores = tagger.model.predict(docs) if tagger else [None] * len(docs)
            for doc, rows in zip(docs, scores, strict=True):
                certain = None if rows is None else _certainty(doc, rows)
                yield tuple(
                    Entity(
                        ent.start_char,
                        ent.end_char,
                        ent.label_,
                        None if certain is None else round(float(certain[ent.start : ent.end].min()), 4),
                    )
                    for ent in doc.ents
                )


def confident(nlp: Language) -> bool:
    """Whether the entities come from a tagger over BIO tags, whose softmax says how sure it is of each token."""
    tags = nlp.pipe_labels.get("tagger", [])
    return "entity_ruler" in nlp.pipe_names and any(tag.startswith("B-") for tag in tags)


def _certainty(doc: Doc, scores: Any) -> NDArray[np.float64]:
    """(tokens,) the probability of each token's best tag; an entity is as certain as its least certain token.

    An underscore or a mark has nothing to be sure about (an underscore has no word piece of its own): 1.
    """
    rows = np.asarray(scores.get() if hasattr(scores, "get") else scores, dtype=np.float64)
    if len(rows) and not np.allclose(rows.sum(axis=1), 1, atol=1e-3):  # `normalize = false`: logits
        rows = softmax(rows, axis=1)
    wordlike = np.array([any(char.isalnum() for char in token.text) for token in doc], dtype=bool)
    return np.where(wordlike, rows.max(axis=1, initial=0.0), 1.0)
