"""Regularisation of the encoder in training that costs next to nothing.

Dropout inside an encoder's layers draws a random number per activation, a third of the training time on a CPU. Hiding
whole word pieces draws one per piece, and makes the model read a name's surroundings where it would learn the name by
heart.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from spacy.language import Language

from .errors import ViNerError
from .fastcpu import encoders, speed_up
from .optimizer import update_at_once
from .saving import save_in_half
from .warm import take_weights


def create_encoder_training(
    hidden_pieces: float = 0.0,
    hidden_states: float = 0.0,
    freeze_embeddings: bool = False,
    go_on_from: Path | None = None,
) -> Callable[[Language], Language]:
    """`vi_ner.EncoderTraining.v1`, for `[initialize.after_init]`: fast on this machine, regularised in training only.

    The trained weights are saved in half precision.

    hidden_pieces: Share of the word pieces that the encoder sees as unknown (word dropout, Iyyer et al. 2015).
    hidden_states: Dropout on the encoder's last hidden states.
    freeze_embeddings: Leave the vectors of the word pieces as they are, half of a small encoder's weights: names of the
        training texts stay comparable with those that they do not have.
    go_on_from: A trained pipeline whose weights to begin with.
    RAISES (ViNerError): The encoder reads segmented words and the config gives it syllables, or the other way round; or
        the pipeline to go on from is another kind.
    """

    def prepare(nlp: Language) -> Language:
        _refuse_other_words(nlp)
        if go_on_from:
            take_weights(nlp, go_on_from)
        speed_up(nlp)
        update_at_once(nlp)
        for module, tokenizer in encoders(nlp):
            module.forward = with_dropout(module, tokenizer, hidden_pieces=hidden_pieces, hidden_states=hidden_states)
            module.get_input_embeddings().requires_grad_(not freeze_embeddings)
            save_in_half(module)
        return nlp

    return prepare


def _refuse_other_words(nlp: Language) -> None:
    segmented = "vi_segment" in str(nlp.config["components"])
    for _module, tokenizer in encoders(nlp):
        if tokenizer.init_kwargs.get("segmented", False) != segmented:
            given, wanted = ("segmented words", "syllables") if segmented else ("syllables", "segmented words")
            raise ViNerError(
                f"The config gives the encoder {given}, but it was trained on {wanted}.",
                fix="PhoBERT and its kin need configs/phobert.cfg, all other encoders another config.",
            )


def with_dropout(module: Any, tokenizer: Any, *, hidden_pieces: float, hidden_states: float) -> Callable[..., Any]:
    """The forward function of an encoder with both kinds of dropout, which do nothing outside training."""
    forward = module.forward
    special = torch.tensor(tokenizer.all_special_ids)

    @functools.wraps(forward)
    def wrapped(input_ids: torch.Tensor, **kwargs: Any) -> Any:
        if not module.training:
            return forward(input_ids=input_ids, **kwargs)
        hidden = (torch.rand(input_ids.shape) < hidden_pieces).to(input_ids.device)
        hidden &= ~torch.isin(input_ids, special.to(input_ids.device))
        output = forward(input_ids=input_ids.masked_fill(hidden, tokenizer.unk_token_id), **kwargs)
        output.last_hidden_state = _dropped(output.last_hidden_state, kwargs["attention_mask"].bool(), hidden_states)
        return output

    return wrapped


def _dropped(states: torch.Tensor, mask: torch.Tensor, share: float) -> torch.Tensor:
    """Dropout where there is no padding: drawing its random numbers would take longer than the rest of it."""
    return states.index_put((mask,), torch.nn.functional.dropout(states[mask], share))
