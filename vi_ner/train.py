"""Training beside the place of the pipeline: spaCy writes its checkpoints in place, part by part, over the last one.

A process killed in between leaves parts of two checkpoints that load without a word. So spaCy trains in the folder
`unfinished`, and only what has been trained to the end takes the place of an earlier pipeline.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import spacy
import srsly
from spacy.cli.train import train as spacy_train
from spacy.util import load_config

from .errors import ViNerError
from .files import disk_errors, locked_folder, replacing_folder
from .viterbi import decode_sequences

UNFINISHED = "unfinished"
TRAINING_LOG = "training.jsonl"  # what a logger with `output_file` writes; the report draws the curve from it
PIPELINES = ("model-last", "model-best")  # the one that everything else reads comes last


def train(config: Path, output: Path, *, use_gpu: int = -1, overrides: Mapping[str, Any] | None = None) -> None:
    """What `spacy train` does; `model-best` and `model-last` appear in `output` when training has ended.

    use_gpu: Number of the GPU, or -1. overrides: Settings of the config by dotted name, as spaCy takes them.
    RAISES (ViNerError): Another run trains there, nothing was evaluated, the corpus changed while it was read, or the
        disk refuses. An earlier pipeline is then as it was; what this training had written so far stays in
        `output/unfinished` until the next.
    """
    unfinished = output.resolve() / UNFINISHED
    log = output / UNFINISHED / TRAINING_LOG  # not resolved: it stands in the config that is saved with the pipeline
    settings = dict(overrides or {})
    if "output_file" in load_config(config, overrides=settings)["training"]["logger"]:
        settings["training.logger.output_file"] = str(log)
    with disk_errors(unfinished), locked_folder(unfinished):
        log.unlink(missing_ok=True)  # left by a killed run; spaCy would keep it and write none
        spacy_train(config, unfinished, use_gpu=use_gpu, overrides=settings)
        if not (unfinished / PIPELINES[-1] / "meta.json").is_file():
            raise ViNerError(
                "Training ended before its first evaluation, so there is no best pipeline.",
                where=str(config),
                fix="Lower `training.eval_frequency`, or raise `training.max_steps`.",
            )
        for name in PIPELINES:
            finish(unfinished / name)
        for name in PIPELINES:
            with replacing_folder(output / name, marker="meta.json") as folder:
                (unfinished / name).rename(folder)
        if log.is_file():
            log.replace(output / TRAINING_LOG)
        shutil.rmtree(unfinished)


def finish(path: Path) -> None:
    """Let a pipeline that `spacy train` has saved decode sequences of tags, and the same weights be the same bytes."""
    nlp = spacy.load(path)
    decode_sequences(nlp)
    # What has not changed stays as it was saved: a transformer that was loaded knows of a folder, each time another.
    nlp.to_disk(path, exclude=[name for name in nlp.pipe_names if name != "tagger"])
    if (path / "sentencizer.json").is_file():  # spaCy writes a set, in each process in another order
        rules = srsly.read_json(path / "sentencizer.json")
        srsly.write_json(path / "sentencizer.json", rules | {"punct_chars": sorted(rules["punct_chars"])})
