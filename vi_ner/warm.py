"""Going on from a trained pipeline: its weights where a new training would begin with the encoder's and random ones."""

from __future__ import annotations

from pathlib import Path

from spacy.language import Language

from .errors import ViNerError
from .fastcpu import encoders
from .tag import load_pipeline
from .viterbi import learned


def take_weights(nlp: Language, path: Path) -> None:
    """Copy all weights of a trained pipeline into one of the same config and labels, in place.

    RAISES (ViNerError): There is none, or its parts are others.
    """
    trained = load_pipeline(path)
    heads = [(nlp.get_pipe(name), trained.get_pipe(name)) for name in nlp.pipe_names if name in trained.pipe_names]
    try:
        for (module, _), (source, _) in zip(encoders(nlp), encoders(trained), strict=True):
            module.load_state_dict(source.state_dict())
        for ours, theirs in heads:
            if getattr(ours, "labels", None) != getattr(theirs, "labels", None):
                raise ValueError("other labels")
            if hasattr(ours, "model"):
                for node, other in zip(learned(ours.model), learned(theirs.model), strict=True):  # type: ignore[attr-defined]
                    for name in node.param_names:
                        node.get_param(name)[:] = other.get_param(name)
    except (RuntimeError, ValueError, KeyError) as error:
        raise ViNerError(
            f"Its weights do not fit this config ({str(error).strip().partition(chr(10))[0][:200]}).",
            where=str(path),
            fix="Go on with the config, the encoder and the labels that it was trained with.",
        ) from error
