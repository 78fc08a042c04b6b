from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, vi_ner
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.util import load_config

from vi_ner.benchmark.cases import Result
from vi_ner.benchmark.machine import this_machine
from vi_ner.benchmark.run import GROUPS, QUICK, Benchmark, Sizes, keys_of
from vi_ner.benchmark.texts import count_words, first_docs, generate, gold_docs
from vi_ner.encoder import prepare_encoder
from vi_ner.errors import ViNerError


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two layers of the bundled encoder, and a pipeline with the default config on it, not trained."""
    folder = tmp_path_factory.mktemp("small")
    prepare_encoder(source="bundled", output=folder / "encoder", layers=2)
    docs = gold_docs(generate(2, syllables=40))
    bins = DocBin(docs=docs)
    bins.to_disk(folder / "gold.spacy")
    paths = {"encoder": folder / "encoder", "train": folder / "gold.spacy", "dev": folder / "gold.spacy"}
    overrides = {f"paths.{name}": str(path) for name, path in paths.items()}
    init_nlp(load_config(ROOT / "configs" / "default.cfg", overrides=overrides)).to_disk(folder / "model")
    return folder / "encoder", folder / "model"


def test_generated_articles_are_gold() -> None:
    articles = list(generate(20, syllables=100))
    docs = gold_docs(iter(articles))
    assert [len(doc.ents) for doc in docs] == [len(article.spans) for article in articles]
    assert {ent.label_ for doc in docs for ent in doc.ents} == {"PER", "ORG", "LOC", "DATE"}
    assert all(100 <= count_words(doc.text) < 160 for doc in docs)
    assert len({doc.text for doc in docs}) == 20
    assert next(generate(1, syllables=50_000)).text.count(" ") > 40_000
    assert [article.text for article in generate(20, syllables=100)] == [article.text for article in articles]


def test_a_joined_name_counts_as_its_syllables() -> None:
    assert count_words("Ông Tạ_Quang_Sâm  đến\nHuế ") == 6


def test_first_documents() -> None:
    docs = gold_docs(generate(3, syllables=50))
    assert first_docs(docs, 0) == docs
    assert first_docs(docs, 1) == docs[:1]
    assert first_docs(docs, count_words(docs[0].text) + 1) == docs[:2]


def test_the_whole_command(small: tuple[Path, Path], tmp_path: Path) -> None:
    encoder, model = small
    report, picture = tmp_path / "benchmark.json", tmp_path / "benchmark.svg"
    options = ["--quick", "--cases", ",".join(GROUPS), "-o", report, "--plot", picture]
    result = vi_ner("benchmark", model, "--encoder", encoder, "--config", ROOT / "configs" / "default.cfg", *options)
    assert result.returncode == 0, result.stdout + result.stderr
    content = json.loads(report.read_text(encoding="utf8"))
    found = {(row["group"], row["case"], row["size"]): row for row in content["results"]}
    keys = [f"{group}/{case}" + (f"@{size}" if size else "") for group, case, size in found]
    assert keys == keys_of(GROUPS, QUICK)
    for row in found.values():
        assert row["unavailable"] or (row["rate"] > 0 and row["peak_mb"] > 100 and len(row["rates"]) == 1)
    assert (
        not found["tagging", "vi-ner", 0]["unavailable"]
        and not found["training", "hugging-face-fp32", 0]["unavailable"]
    )
    assert found["training", "spacy", 0]["times"] == 1
    assert content["machine"]["cpu"] and content["machine"]["versions"]["torch"]
    assert content["machine"]["cpu"] in result.stdout and content["machine"]["cpu"] in picture.read_text(
        encoding="utf8"
    )


def test_what_cannot_be_measured_is_said(tmp_path: Path, write_jsonl: Callable[..., Path]) -> None:
    absent = vi_ner("benchmark", tmp_path / "no-model", "-o", tmp_path / "b.json")
    assert absent.returncode == 1 and "There is no trained pipeline" in absent.stdout + absent.stderr
    with pytest.raises(ViNerError, match="No cases are called 'tagged'"):
        keys_of(["tagged"], Sizes())
    assert keys_of(["training/vi-ner", "length"], QUICK) == ["training/vi-ner", "length/vi-ner@100"]


def test_times_are_those_of_the_plain_case() -> None:
    results = (
        Result("tagging", "spacy", rates=(90.0, 100.0, 200.0)),
        Result("tagging", "vi-ner", rates=(350.0,)),
        Result("tagging", "hugging-face-bf16", unavailable="bfloat16 does not pay on this CPU"),
        Result("conversion", "vi-ner", rates=(5.0,)),
    )
    done = Benchmark(this_machine(), {}, results)
    assert [done.times(result) for result in results] == [1.0, 3.5, None, None]


def test_limits_of_the_libraries_are_told() -> None:
    script = "from vi_ner.benchmark.machine import this_machine; m = this_machine(); print(m, m.bfloat16)"
    env = os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2"}
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=env).stdout
    assert "ONEDNN_MAX_CPU_ISA=AVX2" in told and told.endswith("False\n")
