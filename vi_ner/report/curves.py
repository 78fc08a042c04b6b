"""Calibration of the confidences, and the curves of training, where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from ..errors import ViNerError
from ..rows import read_json, read_rows
from . import kinds
from .kinds import Pair

BINS = 10
EVERYTHING = "all"  # the learning curve of all labels together


@dataclass(frozen=True)
class Calibration:
    """How often predictions of about one confidence are right (strictly).

    confidence, right: Per bin, of as many predictions each. error: Their mean distance (expected calibration error).
    brier: Mean squared distance of confidence from 1 (right) or 0 (wrong).
    """

    confidence: tuple[float, ...]
    right: tuple[float, ...]
    predictions: int
    error: float
    brier: float


@dataclass(frozen=True)
class Step:
    """A point of the training curve: F on the dev side (0 to 1) and the summed loss since the point before."""

    step: int
    epoch: int
    f: float
    loss: float


@dataclass(frozen=True)
class CurvePoint:
    """A point of the learning curve: F (0 to 1) of a model trained on so many documents.

    gold: What it was scored on. label: A label, or `all`. f_low, f_high: 95 % interval.
    """

    documents: int
    gold: str
    label: str
    f: float
    f_low: float
    f_high: float


def calibrate(pairs: Sequence[Sequence[Pair]]) -> Calibration | None:
    """The calibration of the predictions, or None where the model gives no confidence."""
    judged = [
        (found.predicted.confidence, found.kind == kinds.CORRECT)
        for document in pairs
        for found in document
        if found.predicted is not None and found.predicted.confidence is not None
    ]
    if not judged:
        return None
    sure, right = np.array([row[0] for row in judged], dtype=float), np.array([row[1] for row in judged])
    share, mean = calibration_curve(right, sure, n_bins=BINS, strategy="quantile")
    return Calibration(
        confidence=tuple(map(float, mean)),
        right=tuple(map(float, share)),
        predictions=len(judged),
        error=float(np.mean(np.abs(share - mean))),
        brier=float(brier_score_loss(right, sure, pos_label=True)),
    )


def read_training_log(path: Path) -> tuple[Step, ...]:
    """The training curve that `spacy.ConsoleLogger.v3` wrote with `output_file`; empty where there is no such file.

    RAISES (ViNerError): The file is something else.
    """
    if not path.is_file():
        return ()
    try:
        with path.open(encoding="utf8") as stream:
            rows = [row for _, row in read_rows(stream, str(path)) if row.get("score") is not None]
        return tuple(
            Step(int(row["step"]), int(row["epoch"]), float(row["score"]), float(sum(row["losses"].values())))
            for row in rows
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ViNerError(
            f"Not a training log ({type(error).__name__}: {error}).",
            where=str(path),
            fix="Expected what `spacy.ConsoleLogger.v3` writes to its `output_file`. Move it away to go without.",
        ) from error


def read_learning_curve(path: Path) -> tuple[CurvePoint, ...]:
    """The learning curve that `vi_ner learning-curve` wrote; empty where there is no such file.

    RAISES (ViNerError): The file is something else.
    """
    if not path.is_file():
        return ()
    fix = "Expected what `vi_ner learning-curve` writes. Move it away to go without."
    rows = read_json(path, fix=fix)
    try:
        return tuple(CurvePoint(**row) for row in rows)
    except (TypeError, ValueError) as error:
        raise ViNerError(f"Not a learning curve ({error}).", where=str(path), fix=fix) from error
