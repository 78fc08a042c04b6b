"""The likeliest sequence of tags, not the likeliest tag of each token: Viterbi's algorithm, laid out in Thinc's layers.

A softmax per token tags `Bộ Công Thương` as B-ORG, I-LOC, I-ORG where each of them is the likeliest for itself; but an
I-LOC goes on with nothing there. Viterbi (1967) adds to the score of each tag the best that the tokens before it allow,
and max-product belief propagation (Pearl 1988) also the best that those after it allow. Such a message from token to
token is "of all tags of the neighbour the highest sum", which is what a Maxout layer over a window computes once its
weights are set. So a pipeline that decodes like this still loads with spaCy alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.training import Example

from .bio import OUTSIDE, UNSEEN

REACH = 3  # tokens on each side that a tag depends on; more of them changed nothing on the dev and test sides
ADJACENT = 1.0  # nats that an entity right behind another costs: mostly it is one that fell in two; from the dev side
NEVER = -1e4  # what is added where a tag cannot be: below all sums of scores, and exact in float32
DECODER = "with_array(linear>>maxout>>expand_window>>maxout"  # how Thinc names these layers

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]  # weights and bias


def decode_sequences(nlp: Language) -> None:
    """Let the tagger of a trained pipeline choose sequences of BIO tags, in place; other pipelines stay as they are.

    The learned scores stay what they are; the layers between them and the softmax are not learned.
    """
    if UNSEEN not in nlp.pipe_labels.get("tagger", []):
        return
    trained: Any = nlp.get_pipe("tagger")
    if _decoder(trained.model):
        return
    tags, source = trained.labels, learned(trained.model)
    settings = dict(nlp.get_pipe_config("tagger"))
    settings.pop("factory")
    settings["model"] = _with_messages(settings["model"], tags=len(tags), width=source[-1].get_dim("nI"))
    behind = nlp.pipe_names[nlp.pipe_names.index("tagger") + 1 :]
    nlp.remove_pipe("tagger")
    tagger: Any = nlp.add_pipe("tagger", config=settings, before=behind[0] if behind else None)
    example = Example.from_dict(nlp.make_doc("a"), {"tags": [OUTSIDE]})
    tagger.initialize(lambda: [example], nlp=nlp, labels=tags)
    for node, other in zip(learned(tagger.model), source, strict=True):
        for name in other.param_names:
            node.set_param(name, other.get_param(name))
    first, *between = (node for node in _decoder(tagger.model).walk() if node.name == "maxout")
    (output,) = (node for node in tagger.model.walk() if node.name == "softmax")
    for layer, made in [(first, no_messages), *((layer, messages) for layer in between), (output, sums)]:
        weights, bias = made(tags)
        layer.set_param("W", layer.ops.asarray(weights))
        layer.set_param("b", layer.ops.asarray(bias))


def learned(model: Any) -> list[Any]:
    """The layers of a model that have learned weights, whether it decodes or not; last the one that scores the tags."""
    decoder = _decoder(model)
    nodes = list(model.walk() if decoder is None else model.get_ref("tok2vec").layers[0].walk())
    scores = [node for node in (decoder or model).walk() if node.name == ("linear" if decoder else "softmax")]
    return [*(node for node in nodes if node.param_names and node not in scores), *scores]


def _decoder(model: Any) -> Any:
    """The layers behind the vectors of a tagger's model, or None where it has none."""
    layers = model.get_ref("tok2vec").layers if model.has_ref("tok2vec") else []
    return next((layer for layer in layers[1:] if layer.name.startswith(DECODER)), None)


def _with_messages(model: dict[str, Any], *, tags: int, width: int) -> dict[str, Any]:
    """The config of a tagger's model with layers for scores and messages behind its vectors of that width."""
    window = {"@layers": "expand_window.v1", "window_size": 1}
    best = {"@layers": "Maxout.v1", "nO": 3 * tags, "nI": 9 * tags, "nP": tags}
    step = {"@layers": "chain.v1", "*": {"window": window, "best": best}}
    layers = {
        "scores": {"@layers": "Linear.v1", "nO": tags, "nI": width},
        "first": {"@layers": "Maxout.v1", "nO": 3 * tags, "nI": tags, "nP": 2},
        "messages": {"@layers": "clone.v1", "n": REACH, "orig": step},
    }
    # Between documents there is a padding of tokens without word pieces, which part them as a line end would.
    decoder = {"@layers": "with_array.v1", "pad": REACH, "layer": {"@layers": "chain.v1", "*": layers}}
    return {**model, "tok2vec": {"@layers": "chain.v1", "*": {"vectors": model["tok2vec"], "decoder": decoder}}}


def transitions(tags: Sequence[str]) -> NDArray[np.float32]:
    """(tags, tags): what is added where the second tag follows the first, in nats; `_` is no part of a sequence.

    `NEVER` where it may not follow, -`ADJACENT` where an entity begins right behind another, else 0.
    """

    def score(a: str, b: str) -> float:
        if UNSEEN in (a, b) or (b.startswith("I-") and a not in (b, f"B-{b[2:]}")):
            return NEVER
        return -ADJACENT if a != OUTSIDE and b.startswith("B-") else 0

    return np.array([[score(a, b) for b in tags] for a in tags], dtype="f")


def no_messages(tags: Sequence[str]) -> Layer:
    """A Maxout layer from scores to scores and no messages yet: (3 × tags, 2, tags) and (3 × tags, 2).

    A token without word pieces is inside an entity as well as outside: the score of `_` counts for both.
    """
    n = len(tags)
    weights, bias = np.zeros((3, n, 2, n), dtype="f"), np.zeros((3, n, 2), dtype="f")
    weights[0, range(n), 0, range(n)] = 1
    for i, tag in enumerate(tags):
        if tag.startswith("B-"):
            bias[0, i, 1] = NEVER
        else:
            weights[0, i, 1, tags.index(UNSEEN)] = 1
    return weights.reshape(3 * n, 2, n), bias.reshape(3 * n, 2)


def messages(tags: Sequence[str]) -> Layer:
    """A Maxout layer that passes messages one token on: (3 × tags, tags, 9 × tags) and (3 × tags, tags).

    It reads scores, messages from before and messages from behind (3 × tags numbers) of the token before, the token
    itself and the next one, keeps the scores and makes new messages, with one piece for each tag of the neighbour.
    """
    n = len(tags)
    each = np.arange(n)
    weights = np.zeros((3, n, n, 3, 3, n), dtype="f")  # made: kind, tag; piece; read: neighbour, kind, tag
    bias = np.full((3, n, n), NEVER, dtype="f")
    weights[0, each, 0, 1, 0, each] = 1
    bias[0, :, 0] = 0
    for kind, neighbour in ((1, 0), (2, 2)):
        for read in (0, kind):
            weights[kind, :, each, neighbour, read, each] = 1
    bias[1] = transitions(tags).T
    bias[2] = transitions(tags)
    return weights.reshape(3 * n, n, 9 * n), bias.reshape(3 * n, n)


def sums(tags: Sequence[str]) -> Layer:
    """A softmax layer over the sums of scores and messages: (tags, 3 × tags) and (tags,). `_` has done its part."""
    n = len(tags)
    return np.tile(np.eye(n, dtype="f"), (1, 3)), np.where(np.array(tags) == UNSEEN, NEVER, 0).astype("f")
