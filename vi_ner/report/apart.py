"""A pipeline in a process of its own: the memory it takes is gone before the report is computed."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from spacy.util import minibatch

from ..errors import ViNerError
from .cases import BATCH, Entity, predict

if TYPE_CHECKING:
    from spacy.language import Language


@dataclass(frozen=True)
class About:
    """What the report says of a pipeline. path: Its folder; empty where it has none. config: Not interpolated."""

    path: str
    meta: dict[str, Any]
    config: str
    seed: int | None


class Apart:
    """A loaded pipeline elsewhere."""

    def __init__(self, model: str, workers: ProcessPoolExecutor) -> None:
        self._model = model
        self._workers = workers
        self.about = workers.submit(_about, model).result()

    def predict(self, texts: Iterable[str]) -> Iterator[tuple[Entity, ...]]:
        """The entities in each text, in order; see `cases.predict`."""
        batches = self._workers.map(functools.partial(_predict, self._model), map(list, minibatch(texts, BATCH)))
        return chain.from_iterable(batches)


@contextmanager
def loaded(model: str) -> Iterator[Apart]:
    """Load a pipeline, by path or package name, for as long as the block lasts.

    RAISES (ViNerError): There is none, it is damaged, or its process was killed.
    """
    # Not forked: PyTorch's threads do not survive that.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as workers:
        try:
            yield Apart(model, workers)
        except BrokenProcessPool as error:
            raise ViNerError(
                "The process that predicts was killed.", where=model, fix="Most often for want of memory: free some."
            ) from error


@functools.cache
def _pipeline(model: str) -> Language:
    from ..tag import load_pipeline

    return load_pipeline(model)


def _about(model: str) -> About:
    nlp = _pipeline(model)
    seed: Any = nlp.config.get("system", {}).get("seed")
    return About(
        path=str(nlp.path or ""),
        meta=dict(nlp.meta),
        config=nlp.config.to_str(interpolate=False),
        seed=seed if isinstance(seed, int) else None,
    )


def _predict(model: str, texts: list[str]) -> list[tuple[Entity, ...]]:
    return list(predict(_pipeline(model), texts))
