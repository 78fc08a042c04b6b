from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam

from vi_ner.bio import bio_patterns, bio_tags
from vi_ner.viterbi import ADJACENT, REACH, decode_sequences, learned, transitions

LABELS = ["PER", "ORG"]
TAGS = bio_tags(LABELS)
VECTORS = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "width": 8, "depth": 1,
           "embed_size": 50, "window_size": 1, "maxout_pieces": 2, "subword_features": True}  # fmt: skip


def pipeline(*, seed: int = 0) -> Language:
    """A tagger of random weights over vectors of random weights, and a ruler that reads its tags."""
    nlp = spacy.blank("xx")
    tagger: Any = nlp.add_pipe(
        "tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": VECTORS, "normalize": False}}
    )
    nlp.add_pipe("entity_ruler").add_patterns(bio_patterns(LABELS))  # type: ignore[attr-defined]
    example = Example.from_dict(nlp.make_doc("a"), {"tags": ["O"]})
    tagger.initialize(lambda: [example], nlp=nlp, labels=tuple(TAGS))
    weights = np.random.default_rng(seed).normal(0, 2, learned(tagger.model)[-1].get_param("W").shape).astype("f")
    weights[TAGS.index("_")] = 0
    learned(tagger.model)[-1].set_param("W", weights)
    learned(tagger.model)[-1].set_param("b", np.where(np.array(TAGS) == "_", -50, 0).astype("f"))
    return nlp


def scores_of(nlp: Language, docs: list[Doc]) -> list[NDArray[np.float32]]:
    tagger: Any = nlp.get_pipe("tagger")
    return [np.asarray(rows) for rows in tagger.model.predict(docs)]


def possible(sequence: tuple[str, ...]) -> bool:
    """Whether each I goes on with an entity of its label; what stands before the first token is unknown."""
    return all(not b.startswith("I-") or a[2:] == b[2:] for a, b in pairwise(sequence))


def score(sequence: tuple[str, ...], rows: NDArray[np.float32]) -> float:
    """The sum of the scores of its tags, less what entities right behind others cost."""
    adjacent = sum(a != "O" and b.startswith("B-") for a, b in pairwise(sequence))
    return sum(float(rows[i, TAGS.index(tag)]) for i, tag in enumerate(sequence)) - adjacent * ADJACENT


@pytest.mark.parametrize("seed", range(30))
def test_the_tags_are_the_best_possible_sequence(seed: int) -> None:
    """Every tag of every text no longer than tags reach, against trying all sequences."""
    nlp = pipeline(seed=seed)
    texts = ["a", "b c", "d e f", "x y z u"]  # REACH + 1 at most
    scores = scores_of(nlp, [nlp.make_doc(text) for text in texts])
    decode_sequences(nlp)
    seen = [tag for tag in TAGS if tag != "_"]
    for text, rows in zip(texts, scores, strict=True):
        found = [token.tag_ for token in nlp(text)]
        best = max(
            (sequence for sequence in product(seen, repeat=len(rows)) if possible(sequence)),
            key=lambda sequence: score(sequence, rows),
        )
        assert tuple(found) == best


def test_single_tags_would_have_been_impossible_sequences() -> None:
    nlp = pipeline()
    texts = [f"{i} {i + 1} {i + 2} {i + 3}" for i in range(50)]
    before = [tuple(token.tag_ for token in nlp(text)) for text in texts]
    decode_sequences(nlp)
    after = [tuple(token.tag_ for token in nlp(text)) for text in texts]
    assert sum(possible(sequence) for sequence in before) < 45
    assert all(possible(sequence) for sequence in after)


def test_the_learned_scores_stay_and_decoding_twice_is_decoding_once() -> None:
    nlp = pipeline()
    tagger: Any = nlp.get_pipe("tagger")
    before = [node.get_param(name) for node in learned(tagger.model) for name in node.param_names]
    for _ in range(2):
        decode_sequences(nlp)
        tagger = nlp.get_pipe("tagger")
        after = [node.get_param(name) for node in learned(tagger.model) for name in node.param_names]
        assert all((a == b).all() for a, b in zip(before, after, strict=True))
        assert nlp.pipe_names == ["tagger", "entity_ruler"] and list(tagger.labels) == TAGS
    assert sum(node.name == "expand_window" for node in tagger.model.walk()) == 1 + REACH  # one is the vectors'


def test_neighbours_in_a_batch_and_saving_change_nothing(tmp_path: Any) -> None:
    nlp = pipeline(seed=3)
    decode_sequences(nlp)
    nlp.to_disk(tmp_path)
    texts = ["a b c d e f g", "", "h", "i j k l m n o p"]
    alone = [[token.tag_ for token in nlp(text)] for text in texts]
    for other in (nlp, spacy.load(tmp_path)):
        assert [[token.tag_ for token in doc] for doc in other.pipe(texts)] == alone


def test_a_token_without_word_pieces_parts_no_name_and_begins_none(trained: Language) -> None:
    doc = trained("Bà Nguyễn_Thị_Lan đến Đà_Nẵng .")
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Nguyễn_Thị_Lan", "PER"), ("Đà_Nẵng", "LOC")]


@given(rows=st.lists(st.sampled_from(TAGS), min_size=2, max_size=2))
def test_transitions(rows: list[str]) -> None:
    first, second = rows
    added = transitions(TAGS)[TAGS.index(first), TAGS.index(second)]
    assert (added >= -ADJACENT) == ("_" not in rows and possible((first, second)))
    if "_" not in rows and possible((first, second)):
        assert added == score((first, second), np.zeros((2, len(TAGS)), dtype="f"))


def test_other_pipelines_are_left_alone() -> None:
    nlp = spacy.blank("vi", config={"nlp": {"tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"}}})
    decode_sequences(nlp)
    nlp.add_pipe("ner").add_label("PER")  # type: ignore[attr-defined]
    decode_sequences(nlp)
    assert nlp.pipe_names == ["ner"]


def test_a_decoding_pipeline_can_be_trained_on() -> None:
    nlp = pipeline()
    decode_sequences(nlp)
    tags = ["O", "B-PER", "I-PER", "O", "B-ORG"]
    example = Example.from_dict(nlp.make_doc("ông Lò Pím ở Sido"), {"tags": tags})
    optimizer = Adam(0.01)
    for _ in range(100):
        nlp.update([example], sgd=optimizer)
    assert [token.tag_ for token in nlp("ông Lò Pím ở Sido")] == tags
