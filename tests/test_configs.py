"""The configs resolve without a hub, and what they share is the same."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
import torch
from conftest import LABELS, ROOT, marked
from safetensors.torch import load_file
from spacy import registry
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.util import load_config, load_model_from_config, walk_dict
from thinc.api import Adam
from tiny_encoders import ENCODERS

from vi_ner.bio import set_bio_tags
from vi_ner.configs import write_configs
from vi_ner.convert import convert
from vi_ner.encoder import prepare_encoder
from vi_ner.errors import ViNerError
from vi_ner.fastcpu import encoders
from vi_ner.package import package_pipeline
from vi_ner.train import train
from vi_ner.viterbi import decode_sequences, learned
from vi_segment import segment

RAW = "Tổng thống Nga Vladimir Putin gặp ông Kim ở Vladivostok (TP.HCM, Đắk Lắk)."
CONFIGS = sorted((ROOT / "configs").glob("*.cfg"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_config_resolves_without_hub(path: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    config = load_config(path, overrides={"paths.encoder": str(encoder)}, interpolate=True)
    nlp = load_model_from_config(config, auto_fill=True)
    assert isinstance(nlp, Language)
    finders = config["corpora"]["train"]["sentences_by"]
    assert nlp.pipe_names == [*finders, "transformer", "tagger", "entity_ruler", "doc_cleaner"]
    training = registry.resolve(nlp.config["training"], schema=ConfigSchemaTraining)
    assert 0 < training["patience"] < training["max_steps"]
    # A schedule cannot refer to another section, so the number stands twice.
    assert config["training"]["optimizer"]["learn_rate"]["total_steps"] == training["max_steps"]
    assert training["score_weights"]["ents_f"] == 1 and not training["score_weights"]["tag_acc"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_nothing_of_ours_is_needed_to_load_a_pipeline(path: Path) -> None:
    config = load_config(path)
    assert "vi_ner" not in str(config["nlp"]) + str(config["components"])


def test_configs_on_disk_are_those_made_from_the_base(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    made = write_configs(tmp_path / "configs")
    assert {path.stem for path in made} | {"default"} == {path.stem for path in CONFIGS} == set(ENCODERS)
    for path in made:
        assert path.read_text(encoding="utf8") == (ROOT / "configs" / path.name).read_text(encoding="utf8")


def differences(name: str, *, base: str = "default") -> set[str]:
    """The settings, as dotted paths, in which two configs differ."""
    ours, theirs = (
        {".".join(path): value for path, value in walk_dict(load_config(ROOT / "configs" / f"{config}.cfg"))}
        for config in (name, base)
    )
    return {key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key)}


def test_configs_differ_only_where_they_say() -> None:
    assert {key.split(".")[0] for key in differences("open")} == {"paths", "corpora", "training"}
    assert {key.rsplit(".", 1)[0] for key in differences("gpu")} == {
        "system",
        "components.transformer",
        "components.transformer.model.transformer_config",
        "training",
        "training.batcher",
        "training.optimizer",
        "training.optimizer.learn_rate",
        "initialize.after_init",
    }
    changed = (
        "components.tagger.model.tok2vec",
        "components.transformer.model.get_spans",
        "initialize.components.comma_breaks",
        "initialize.components.length_breaks",
    )
    assert all(key.startswith(changed) for key in differences("phobert", base="gpu"))


def test_a_replaced_function_keeps_nothing_of_the_old_one() -> None:
    assert "tolerance" not in load_config(ROOT / "configs" / "gpu.cfg")["training"]["batcher"]
    assert load_config(ROOT / "configs" / "phobert.cfg")["training"]["max_steps"] == 2000


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few documents, converted."""
    folder = tmp_path_factory.mktemp("corpus")
    source = ROOT / "annotations" / "articles" / "travel.jsonl"
    convert(source, articles=None, labels=LABELS, output=folder, offset_unit="codepoint")
    return folder


@pytest.fixture(scope="module")
def models(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What each config makes of a tiny encoder of its architecture in two steps, offline."""
    made = {}
    for path in CONFIGS:
        folder = tmp_path_factory.mktemp(path.stem)
        prepare_encoder(source=str(ENCODERS[path.stem](folder / "source")), output=folder / "encoder")
        overrides = {"paths.encoder": str(folder / "encoder"), "training.max_steps": 2, "training.eval_frequency": 2}
        overrides |= {f"paths.{side}": str(corpus / f"{side}.spacy") for side in ("train", "dev")}
        if path.stem == "open":
            overrides |= {f"paths.treebank_{side}": str(corpus / f"{side}.spacy") for side in ("train", "dev")}
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(ROOT)
            patch.setenv("HF_HUB_OFFLINE", "1")
            train(path, folder / "training", overrides=overrides)
        made[path.stem] = folder / "training" / "model-last"
    return made


def test_every_config_trains_its_kind_of_encoder_and_saves(models: dict[str, Path]) -> None:
    kinds = {"default": "bert", "open": "bert", "gpu": "xlm-roberta", "phobert": "roberta"}
    for name, path in models.items():
        ((module, tokenizer),) = encoders(spacy.load(path))
        assert module.config.model_type == kinds[name]
        assert tokenizer.model_max_length == (256 if name == "phobert" else 512)
        untrained = load_file(path.parents[1] / "encoder" / "model.safetensors")
        assert any(not torch.equal(value, untrained[key]) for key, value in module.state_dict().items())


def test_every_saved_pipeline_loads_without_vi_ner_and_without_the_hub(models: dict[str, Path]) -> None:
    """PhoBERT's needs `vi_segment`, which needs pyvi: the documented minimum."""
    code = (
        "import json, sys; sys.modules['vi_ner'] = None; import spacy; found = {}\n"
        "for name, path in json.loads(sys.argv[1]).items():\n"
        "    sys.modules.pop('vi_segment', None) if name == 'phobert' else sys.modules.update(vi_segment=None)\n"
        "    doc = spacy.load(path)(sys.argv[2]); assert doc.text == sys.argv[2]\n"
        "    found[name] = [token.tag_ for token in doc]\n"
        "assert 'torch' in sys.modules and sys.modules['vi_ner'] is None; print(json.dumps(found))"
    )
    paths = {name: str(path) for name, path in models.items()}
    result = subprocess.run(
        [sys.executable, "-c", code, json.dumps(paths), RAW],
        capture_output=True, text=True, check=False, env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    expected = {name: [token.tag_ for token in spacy.load(path)(RAW)] for name, path in models.items()}
    assert json.loads(result.stdout.splitlines()[-1]) == expected


def test_phobert_reads_segments_and_tells_their_syllables_apart(models: dict[str, Path]) -> None:
    nlp = spacy.load(models["phobert"])
    nlp.remove_pipe("doc_cleaner")
    raw, joined = nlp(RAW), nlp(RAW.replace("Vladimir Putin", "Vladimir_Putin"))
    assert raw._.trf_data.wordpieces.strings == joined._.trf_data.wordpieces.strings
    tagger: Any = nlp.get_pipe("tagger")
    vectors = tagger.model.get_ref("tok2vec").layers[0].predict([raw])[0]  # before they become scores
    first, second = (token.i for token in raw if token.text in ("Vladimir", "Putin"))
    width = nlp.get_pipe("transformer").model.get_dim("nO")  # type: ignore[attr-defined]
    assert vectors.shape == (len(raw), width + 64)
    assert (vectors[first, width:] != vectors[second, width:]).any()


def test_phobert_learns_entities_that_end_inside_a_segment(models: dict[str, Path], corpus: Path) -> None:
    overrides: dict[str, Any] = {"paths.encoder": str(models["phobert"].parents[1] / "encoder")}
    overrides |= {"paths.labels": str(LABELS)}
    overrides |= {"paths.train": str(corpus / "train.spacy"), "initialize.after_init.hidden_states": 0.0}
    overrides |= {"initialize.after_init.hidden_pieces": 0.0}
    nlp = init_nlp(load_config(ROOT / "configs" / "phobert.cfg", overrides=overrides))
    gold = [
        ("Chị Viên tháo giày.", "Viên", "PER", "Chị_Viên"),
        ("Dì Bảy không cần hỏi.", "Bảy", "PER", "Dì_Bảy"),
        ("Thông Nông nhập vào Hòa An.", "Thông Nông", "LOC", "Nông_nhập"),
    ]
    examples = []
    for text, name, label, crossing in gold:
        assert crossing in segment(text)
        reference = marked(nlp.make_doc(text), (text.index(name), text.index(name) + len(name), label))
        set_bio_tags(reference)
        examples.append(Example(nlp.make_doc(text), reference))
    optimizer = Adam(0.01)
    for _ in range(60):
        nlp.update(examples, sgd=optimizer, annotates=nlp.config["corpora"]["train"]["sentences_by"])
    decode_sequences(nlp)
    for text, name, label, _ in gold:
        (entity,) = nlp(text).ents
        assert (entity.label_, text[entity.start_char : entity.end_char]) == (label, name)


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning", "ignore:Exception ignored in")
def test_the_wheel_of_phobert_carries_its_segmenter(models: dict[str, Path], tmp_path: Path) -> None:
    score = dict.fromkeys(("precision", "recall", "f", "f_low", "f_high", "support", "lost"), 0)
    srsly.write_json(tmp_path / "metrics.json", {"overall": score, "labels": {}, "documents": 0, "gold": "none"})
    about = ROOT / "configs" / "about.json"
    wheel = package_pipeline(model=models["phobert"], metrics=tmp_path / "metrics.json", about=about,
                             output=tmp_path / "package", name="pho", version="0.1.0")  # fmt: skip
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
        metadata = archive.read("vi_pho-0.1.0.dist-info/METADATA").decode()
    required = re.findall(r"^Requires-Dist: (\S+)", metadata, re.MULTILINE)
    assert any(name.startswith("pyvi") for name in required) and not any("vi-ner" in name for name in required)
    assert "spaCy, spacy-transformers and pyvi" in (tmp_path / "package" / "README.md").read_text(encoding="utf8")
    code = (
        "import sys; sys.modules['vi_ner'] = None; sys.path.insert(0, sys.argv[1]); import vi_pho; "
        "assert 'vi_pho.vi_segment' in sys.modules; print(len(vi_pho.load()('Lò Pàng ở Hà Nội.')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "site")], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0 and result.stdout.split()[-1] == "6", result.stderr


def test_encoder_and_config_must_agree_on_words(corpus: Path, models: dict[str, Path]) -> None:
    encoder = models["phobert"].parents[1] / "encoder"
    overrides = {"paths.encoder": str(encoder), "paths.train": str(corpus / "train.spacy"), "paths.labels": str(LABELS)}
    config = load_config(ROOT / "configs" / "default.cfg", overrides=overrides)
    with pytest.raises(ViNerError, match="gives the encoder syllables, but it was trained on segmented words"):
        init_nlp(config)


def test_training_goes_on_from_a_trained_pipeline(models: dict[str, Path], corpus: Path) -> None:
    overrides = {"paths.encoder": str(models["default"].parents[1] / "encoder"), "paths.labels": str(LABELS)}
    overrides |= {"paths.train": str(corpus / "train.spacy"), "paths.go_on_from": str(models["default"])}
    begun = init_nlp(load_config(ROOT / "configs" / "default.cfg", overrides=overrides))
    trained = spacy.load(models["default"])
    ((module, _),), ((source, _),) = encoders(begun), encoders(trained)
    assert all(torch.equal(value, source.state_dict()[name]) for name, value in module.state_dict().items())
    heads: list[Any] = [nlp.get_pipe("tagger") for nlp in (begun, trained)]
    values = [[node.get_param(name) for node in learned(head.model) for name in node.param_names] for head in heads]
    assert len(values[0]) >= 2 and all((a == b).all() for a, b in zip(*values, strict=True))


def test_going_on_from_another_kind_of_pipeline_is_refused(models: dict[str, Path], corpus: Path) -> None:
    overrides = {"paths.encoder": str(models["default"].parents[1] / "encoder"), "paths.labels": str(LABELS)}
    overrides |= {"paths.train": str(corpus / "train.spacy"), "paths.go_on_from": str(models["gpu"])}
    config = load_config(ROOT / "configs" / "default.cfg", overrides=overrides)
    with pytest.raises(ViNerError, match="Its weights do not fit this config"):
        init_nlp(config)
