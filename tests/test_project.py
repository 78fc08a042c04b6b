"""The workflow as users run it, and what the pipeline that it trains must hold."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import unicodedata
import venv
from pathlib import Path

import pytest
import spacy
import srsly
from conftest import ROOT
from spacy.language import Language
from spacy.tokens import Doc

import vi_ner
from vi_ner.augment import apply_form
from vi_ner.records import Span
from vi_ner.tag import read_texts, tag

WORKFLOW = ["encoder", "convert", "debug-data", "train", "evaluate", "report", "package"]
SEGMENTED = "Tổng_thống Nga Vladimir_Putin gặp ông Kim_kể từ hôm_13/9 ở Vladivostok ."
# Our own text with the faults of articles as users have them: segmented, glued, headline run into the lead.
MESSY = (
    "Thị_trấn Mộc_Lạc đón đoàn khách_lạ Sáng qua , bà Quách_Thị_Lựu_cho biết đoàn của ông Moreau_đến từ Lyon hôm_4/6 . "
    "Theo báo_Lao_Động , công_ty Hải_Thịnh_trả mọi chi_phí ._Ảnh : Lê_Khoa"
)
OFFLINE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
OFFLINE |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def entities(doc: Doc) -> set[tuple[str, str, int]]:
    """Entities by folded surface, label and how many words stand before them: the same in every form of a text."""

    def fold(text: str) -> str:
        return " ".join(unicodedata.normalize("NFC", text).replace("_", " ").split())

    return {(fold(ent.text), ent.label_, len(fold(doc.text[: ent.start_char]).split())) for ent in doc.ents}


def run_project(folder: Path, *args: str) -> str:
    command = [sys.executable, "-m", "spacy", "project", "run", "all", *args]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf8", check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_workflow_leaves_what_it_promises(project: Path) -> None:
    for path in (
        "corpus/train.spacy",
        "corpus/conversion.json",
        "training/default/model-best",
        "training/default/report.html",
        "training/default/report.json",
        "training/default/report.md",
        "assets/encoder",
    ):
        assert (project / path).exists()
    report = (project / "training" / "default" / "debug-data.txt").read_text(encoding="utf8")
    assert "Pipeline can be initialized with data" in report and "No overlap between" in report
    assert list((project / "packages").glob("*/dist/*.whl"))


def test_a_second_run_skips_everything(project: Path) -> None:
    output = run_project(project)
    assert [name for name in WORKFLOW if f"Skipping '{name}'" in output] == WORKFLOW
    assert "Running command" not in output


@pytest.mark.parametrize(
    ("path", "rerun"),
    [
        ("configs/default.cfg", ["debug-data", "train"]),
        ("vi_ner/split.py", ["convert"]),
        ("vi_ner/augment.py", ["train", "report"]),
        ("vi_ner/encoder.py", ["encoder"]),
        ("vi_ner/viterbi.py", ["train"]),
        ("annotations/labels.json", ["convert", "debug-data", "train", "report"]),
        ("vi_ner/evaluate.py", ["evaluate", "report"]),
        ("README.md", []),
    ],
)
def test_a_change_reruns_what_depends_on_it(project: Path, tmp_path: Path, path: str, rerun: list[str]) -> None:
    copy = tmp_path / "project"
    ignored = shutil.ignore_patterns(".venv*", ".git", ".*_cache", "__pycache__", "model-last", "*.egg-info")
    shutil.copytree(project, copy, ignore=ignored)
    with (copy / path).open("a", encoding="utf8") as stream:
        stream.write("\n")
    output = run_project(copy, "--dry")
    assert [name for name in WORKFLOW if f"Skipping '{name}'" not in output] == rerun


def test_a_missing_encoder_is_named(project: Path, tmp_path: Path) -> None:
    for path in ("project.yml", "configs", "vi_ner", "annotations"):
        copy = shutil.copytree if (project / path).is_dir() else shutil.copy
        copy(project / path, tmp_path / path)
    command = [sys.executable, "-m", "spacy", "project", "run", "train"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf8", check=False)
    assert result.returncode == 1
    assert "Missing dependency specified by command 'train': assets/encoder" in result.stdout
    assert not (tmp_path / "training" / "default").exists()


def test_the_readme_lists_the_workflows_as_they_are(tmp_path: Path) -> None:
    for name in ("project.yml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    command = [sys.executable, "-m", "spacy", "project", "document", "--output", "README.md"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "README.md").read_text(encoding="utf8") == (ROOT / "README.md").read_text(encoding="utf8")


def test_the_scores_are_those_of_a_trained_pipeline(project: Path) -> None:
    metrics = srsly.read_json(project / "training" / "default" / "metrics.json")
    assert sorted(metrics["labels"]) == ["DATE", "LOC", "ORG", "PER"]
    assert metrics["overall"]["f_low"] < metrics["overall"]["f"] < metrics["overall"]["f_high"]
    assert metrics["overall"]["f"] > 0.8  # far below what is measured: a collapse, not a fluctuation


def test_borders_inside_a_segmenters_token(trained: Language) -> None:
    doc = trained(SEGMENTED)
    found = {ent.text: ent.label_ for ent in doc.ents}
    assert found["Vladimir_Putin"] == "PER" and found["Nga"] == "LOC" and found["Vladivostok"] == "LOC"
    start = SEGMENTED.index("Kim_kể")
    assert doc.char_span(start, start + 3).text == "Kim"  # type: ignore[union-attr]
    assert found.get("Kim") == "PER" and "Kim_kể" not in found
    assert all(SEGMENTED[ent.start_char : ent.end_char] == ent.text for ent in doc.ents)


def agreement(nlp: Language, pairs: list[tuple[str, str]]) -> float:
    """F of the entities of the second texts against those of the first ones."""
    agreed = total = 0
    raw, changed = ([pair[i] for pair in pairs] for i in (0, 1))
    for first, second in zip(nlp.pipe(raw), nlp.pipe(changed), strict=True):
        agreed += 2 * len(entities(first) & entities(second))
        total += len(entities(first)) + len(entities(second))
    assert total > 500
    return agreed / total


def test_decomposed_articles_give_the_same_entities(fast: Language, dev_docs: list[Doc]) -> None:
    texts = [doc.text for doc in dev_docs if unicodedata.is_normalized("NFC", doc.text)]
    assert agreement(fast, [(text, unicodedata.normalize("NFD", text)) for text in texts]) >= 0.97


def test_joined_articles_give_the_same_entities(fast: Language, dev_docs: list[Doc]) -> None:
    docs = [doc for doc in dev_docs if "_" not in doc.text]
    assert agreement(fast, [(doc.text, underscores(doc)) for doc in docs]) >= 0.97


def underscores(doc: Doc) -> str:
    """The text with blanks joined as a segmenter would: all inside names, a third of the others, none at edges."""
    rng = random.Random(doc.text)
    inside = {i for ent in doc.ents for i in range(ent.start_char, ent.end_char)}
    edges = {i for ent in doc.ents for i in (ent.start_char - 1, ent.end_char)}
    return "".join(
        "_"
        if char == " "
        and i not in edges
        and doc.text[i - 1 : i].isalpha()
        and doc.text[i + 1 : i + 2].isalpha()
        and (i in inside or rng.random() < 0.3)
        else char
        for i, char in enumerate(doc.text)
    )


def test_no_underscore_is_the_edge_of_an_entity(fast: Language, dev_docs: list[Doc]) -> None:
    rng = random.Random(0)
    texts = [
        apply_form("joined", doc.text, [Span(e.start_char, e.end_char, e.label_) for e in doc.ents], rng)[0]
        for doc in dev_docs
    ]
    found = [ent.text for doc in fast.pipe([*texts, MESSY]) for ent in doc.ents]
    assert sum("_" in text for text in found) > 50
    assert [text for text in found if text != text.strip("_ \n")] == []


def test_tagging_slices_every_entity_out_of_the_untouched_file(trained: Language, tmp_path: Path) -> None:
    texts = {
        "messy": MESSY,
        "nfd": unicodedata.normalize("NFD", "Bà Quách Thị Lựu\r\nở Thái Nguyên 😀 nói với báo Lao Động."),
        "page": "\ufeffĐọc thêm\n\nLũ về Mường La\n\nLũ về Mường La\n\n(theo TTXVN)\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.txt").write_bytes(text.encode("utf8"))
    rows = list(tag(trained, read_texts([str(tmp_path)])))
    assert [row["doc_id"] for row in rows] == sorted(texts)
    for row in rows:
        untouched = (tmp_path / f"{row['doc_id']}.txt").read_bytes().decode("utf8")
        assert row["entities"]
        assert all(untouched[e["start"] : e["end"]] == e["text"] for e in row["entities"])


def test_the_fast_pipeline_finds_the_same(project: Path, trained: Language, dev_docs: list[Doc]) -> None:
    fast = vi_ner.load(project / "training" / "default" / "model-best")
    texts = [doc.text for doc in dev_docs[:50]]
    plain, sped_up = ([entities(doc) for doc in nlp.pipe(texts)] for nlp in (trained, fast))
    assert sum(len(one & other) for one, other in zip(plain, sped_up, strict=True)) >= 0.995 * sum(map(len, plain))


def test_loads_with_vi_ner_blocked_and_the_hub_out_of_reach(project: Path, trained: Language) -> None:
    code = (
        "import sys, json; sys.modules['vi_ner'] = None; import spacy; nlp = spacy.load(sys.argv[1]); "
        "print(json.dumps([[e.text, e.label_, e.start_char] for e in nlp(sys.argv[2]).ents]))"
    )
    model = project / "training" / "default" / "model-best"
    result = subprocess.run(
        [sys.executable, "-c", code, str(model), SEGMENTED],
        capture_output=True,
        text=True,
        check=True,
        env=OFFLINE,
    )
    expected = [[ent.text, ent.label_, ent.start_char] for ent in trained(SEGMENTED).ents]
    assert json.loads(result.stdout.splitlines()[-1]) == expected


def test_the_wheel_gives_the_same_entities_in_a_fresh_environment(
    project: Path, trained: Language, dev_docs: list[Doc], tmp_path: Path
) -> None:
    (wheel,) = (project / "packages").glob("*/dist/*.whl")
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-compile", str(wheel), "spacy>=3.8,<3.9", "torch==2.13.0"],
        check=True,
    )
    texts = [SEGMENTED, *(doc.text for doc in dev_docs[:10])]
    srsly.write_json(tmp_path / "texts.json", texts)
    code = (
        "import json, sys, spacy, importlib.util; assert importlib.util.find_spec('vi_ner') is None; "
        "nlp = spacy.load('vi_ner_news'); texts = json.load(open(sys.argv[1], encoding='utf8')); "
        "print(json.dumps([[[e.start_char, e.end_char, e.label_] for e in d.ents] for d in nlp.pipe(texts)]))"
    )
    result = subprocess.run(
        [python, "-c", code, str(tmp_path / "texts.json")], capture_output=True, text=True, check=True, env=OFFLINE,
        cwd=tmp_path,
    )  # fmt: skip
    expected = [[[e.start_char, e.end_char, e.label_] for e in doc.ents] for doc in trained.pipe(texts)]
    assert json.loads(result.stdout.splitlines()[-1]) == expected


def test_names_at_the_end_of_an_endless_line_are_found(trained: Language) -> None:
    text = "Hội nghị bàn về giá cà phê, hồ tiêu và hạt điều, " * 80 + "theo bà Quách Thị Lựu ở tỉnh Gia Lai."
    # What outgrew the encoder's positions would be dropped in silence, and nothing be found there.
    found = [(ent.text, ent.label_) for ent in trained(text).ents]
    assert found[-2:] == [("Quách Thị Lựu", "PER"), ("tỉnh Gia Lai", "LOC")]


def test_the_saved_pipeline_runs_on_blank_and_odd_texts(trained: Language) -> None:
    for text in ("", " ", "\n\n", "_", "😀", "___ _", "\u200b", "a" * 5000, "北京 " * 300):
        doc = trained(text)
        assert doc.text == text
    assert spacy.util.get_lang_class("vi") is type(trained)
