"""The configs resolve without a hub, and what they share is the same."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from conftest import ROOT
from spacy import registry
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.util import load_config, load_model_from_config

CONFIGS = sorted((ROOT / "configs").glob("*.cfg"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_config_resolves_without_hub(path: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    config = load_config(path, overrides={"paths.encoder": str(encoder)}, interpolate=True)
    nlp = load_model_from_config(config, auto_fill=True)
    assert isinstance(nlp, Language)
    assert nlp.pipe_names[:3] == ["sentencizer", "sentence_breaks", "transformer"]
    assert nlp.pipe_names[3:] == ["tagger", "entity_ruler", "doc_cleaner"]
    training = registry.resolve(nlp.config["training"], schema=ConfigSchemaTraining)
    assert 0 < training["patience"] < training["max_steps"]
    # A schedule cannot refer to another section, so the number stands twice.
    assert config["training"]["optimizer"]["learn_rate"]["total_steps"] == training["max_steps"]
    assert training["score_weights"]["ents_f"] == 1 and not training["score_weights"]["tag_acc"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_nothing_of_ours_is_needed_to_load_a_pipeline(path: Path) -> None:
    config = load_config(path)
    assert "vi_ner" not in str(config["nlp"]) + str(config["components"])


def test_open_differs_from_default_only_in_its_data() -> None:
    default, opened = ((ROOT / "configs" / f"{name}.cfg").read_text(encoding="utf8") for name in ("default", "open"))
    changes = [line for line in difflib.ndiff(default.splitlines(), opened.splitlines()) if line[0] in "+-"]
    assert [line[2:] for line in changes if not line[2:].startswith("#")] == [
        'treebank_train = "corpus/ud-vtb/train.spacy"',
        'treebank_dev = "corpus/ud-vtb/dev.spacy"',
        "also = ${paths.treebank_train}",
        '@readers = "spacy.Corpus.v1"',
        '@readers = "vi_ner.Sentences.v1"',
        "also = ${paths.treebank_dev}",
        "whole = true",
        "shuffle = false",
    ]
