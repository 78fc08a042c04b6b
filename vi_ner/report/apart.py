"""A pipeline in a process of its own: the memory it takes is gone before the report is computed."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
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
    """A loaded pipeline elsewhere, which answers one batch of texts at a time."""

    def __init__(self, model: str, connection: Connection) -> None:
        self._model = model
        self._connection = connection
        self.about: About = self._answer()

    def predict(self, texts: Iterable[str]) -> Iterator[tuple[Entity, ...]]:
        """The entities in each text, in order; see `cases.predict`."""
        for batch in minibatch(texts, BATCH):
            yield from self._answer(batch)

    def _answer(self, batch: Sequence[str] | None = None) -> Any:
        try:
            if batch is not None:
                self._connection.send(batch)
            answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise ViNerError(
                "The process that predicts was killed.",
                where=self._model,
                fix="Most often for want of memory: free some.",
            ) from error
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextmanager
def loaded(model: str) -> Iterator[Apart]:
    """Load a pipeline, by path or package name, for as long as the block lasts.

    RAISES (ViNerError): There is none, it is damaged, or its process was killed.
    """
    context = multiprocessing.get_context("spawn")  # not forked: PyTorch's threads do not survive that
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(model, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Apart(model, ours)
    finally:
        ours.close()
        process.kill()  # it has nothing to finish
        process.join()


def _serve(model: str, connection: Connection) -> None:
    """Say what the pipeline is, then answer batches of texts until the other side is gone."""
    from ..memory import give_back
    from ..tag import load_pipeline

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with the process that asks
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32")  # compiled shapes; the thousand it keeps take 50 MB
    try:
        nlp = load_pipeline(model)
        connection.send(_about(nlp))
        for number in itertools.count(1):
            connection.send(list(predict(nlp, connection.recv())))
            if number % 10 == 0:
                give_back()
    except EOFError:
        pass
    except Exception as error:  # told to the process that asks
        connection.send(error)


def _about(nlp: Language) -> About:
    seed: Any = nlp.config.get("system", {}).get("seed")
    return About(
        path=str(nlp.path or ""),
        meta=dict(nlp.meta),
        config=nlp.config.to_str(interpolate=False),
        seed=seed if isinstance(seed, int) else None,
    )
