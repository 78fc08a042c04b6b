"""Parts of a training side."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import spacy
import srsly
from conftest import marked
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from test_cli import vi_ner

from vi_ner.convert import USER_DATA
from vi_ner.subset import subset


@pytest.fixture
def docs(tokenizer: Language) -> list[Doc]:
    """Three hundred documents in 150 groups, every other one in capitals."""
    made = []
    for number in range(300):
        doc = marked(tokenizer.make_doc("Mưa ở Huế hôm nay."), (6, 9, "LOC"))
        meta = {"form": "headline in capitals" if number % 2 else "raw"}
        doc.user_data[USER_DATA] = {"doc_id": str(number), "group": f"mưa {number // 2}", "meta": meta, "lost": []}
        made.append(doc)
    return made


def ids(docs: list[Doc], share: float) -> set[str]:
    return {doc.user_data[USER_DATA]["doc_id"] for doc in subset(docs, share=share)}


def test_a_smaller_share_is_part_of_a_larger_one_and_more_documents_move_none(docs: list[Doc]) -> None:
    shares = [ids(docs, share) for share in (0.0, 0.1, 0.25, 0.5, 1.0)]
    assert all(smaller < larger for smaller, larger in pairwise(shares))
    assert (len(shares[0]), len(shares[-1])) == (0, 300) and 120 < len(shares[3]) < 180
    assert ids(docs[:100], 0.5) == {doc_id for doc_id in shares[3] if int(doc_id) < 100}


def test_a_group_stays_together(docs: list[Doc]) -> None:
    kept = ids(docs, 0.5)
    assert all((str(number) in kept) == (str(number + 1) in kept) for number in range(0, 300, 2))


def test_one_form_alone(docs: list[Doc]) -> None:
    assert sum(1 for _ in subset(docs, form="raw")) == 150


def test_the_curve_of_three_pipelines(docs: list[Doc], model: Path, tmp_path: Path) -> None:
    """The more documents they say they were trained on, the more of the names they know."""
    DocBin(store_user_data=True, docs=docs).to_disk(tmp_path / "train.spacy")
    gold = [marked(spacy.blank("xx").make_doc("Mưa ở Huế và Vinh."), (6, 9, "LOC"), (13, 17, "LOC"))] * 3
    DocBin(store_user_data=True, docs=gold).to_disk(tmp_path / "gold.spacy")
    models = []
    for percent, names in ((10, ()), (100, ("Huế", "Vinh"))):
        part = tmp_path / f"{percent}.spacy"
        made = vi_ner("subset", tmp_path / "train.spacy", "--share", percent / 100, "-o", part)
        assert made.returncode == 0, made.stdout + made.stderr
        nlp = spacy.blank("xx")
        nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": name} for name in names])  # type: ignore[attr-defined]
        nlp.to_disk(tmp_path / f"model {percent}")
        config = tmp_path / f"model {percent}" / "config.cfg"
        content = config.read_text(encoding="utf8")
        assert content.count("\ntrain = null\n") == 1
        config.write_text(content.replace("\ntrain = null\n", f'\ntrain = "{part}"\n'), encoding="utf8")
        models.append(tmp_path / f"model {percent}")
    curve = tmp_path / "learning-curve.json"
    made = vi_ner("learning-curve", *models, "--gold", tmp_path / "gold.spacy", "-o", curve)
    assert made.returncode == 0, made.stdout + made.stderr
    points = [point for point in srsly.read_json(curve) if point["label"] == "all"]
    assert [point["f"] for point in points] == [0, 1]
    assert points[0]["documents"] == len(ids(docs, 0.1)) and points[1]["documents"] == 300
    assert (tmp_path / f"learning-curve-{tmp_path.name}-gold.svg").read_text(encoding="utf8").startswith("<?xml")


def test_nothing_left_writes_nothing(docs: list[Doc], tmp_path: Path) -> None:
    DocBin(store_user_data=True, docs=docs).to_disk(tmp_path / "train.spacy")
    made = vi_ner("subset", tmp_path / "train.spacy", "--form", "nhòe", "-o", tmp_path / "none.spacy")
    assert made.returncode == 1 and "No document is left" in made.stderr + made.stdout
    assert not (tmp_path / "none.spacy").exists()
