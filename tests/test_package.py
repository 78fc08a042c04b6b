from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from vi_ner.errors import ViNerError
from vi_ner.package import package_pipeline

# spaCy's `package` leaves the files it wrote to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning",
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning",
)

SCORE = {"precision": 0.5, "recall": 0.25, "f": 0.333, "f_low": 0.2, "f_high": 0.41, "support": 8, "lost": 1}
ABOUT = {
    "description": "Places.",
    "author": "N. V. A.",
    "license": "CC0-1.0",
    "sources": [{"name": "our texts", "author": "we", "license": "CC0-1.0"}],
    "limits": "Knows one place.",
}
METRICS = {"overall": SCORE, "labels": {"LOC": SCORE}, "documents": 3, "gold": "test.spacy"}


def build(model: Path, tmp_path: Path, *, metrics: str = "metrics.json", data_card: Path | None = None) -> Path:
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS), encoding="utf8")
    (tmp_path / "about.json").write_text(json.dumps(ABOUT), encoding="utf8")
    return package_pipeline(
        model=model,
        metrics=tmp_path / metrics,
        about=tmp_path / "about.json",
        output=tmp_path / "package",
        name="places",
        version="1.2.3",
        data_card=data_card,
    )


def test_wheel_and_model_card(model: Path, tmp_path: Path) -> None:
    before = sorted(path.name for path in model.iterdir())
    (tmp_path / "data.md").write_text("Bảy bài báo.", encoding="utf8")
    wheel = build(model, tmp_path, data_card=tmp_path / "data.md")
    assert wheel == tmp_path / "package" / "dist" / "xx_places-1.2.3-py3-none-any.whl"
    card = (tmp_path / "package" / "README.md").read_text(encoding="utf8")
    assert "xx_places 1.2.3" in card and "| LOC | 50.0 | 25.0 | 33.3 | 20.0–41.0 | 8 |" in card
    assert "{" not in card and "- our texts (we, CC0-1.0)" in card and "Knows one place." in card
    meta = json.loads((tmp_path / "package" / "meta.json").read_text(encoding="utf8"))
    assert meta["performance"]["ents_f"] == 0.333 and meta["license"] == "CC0-1.0"
    with zipfile.ZipFile(wheel) as archive:
        carried = {Path(name).name: archive.read(name) for name in archive.namelist() if "xx_places-1.2.3/" in name}
    assert carried["README.md"].decode() == card and "config.cfg" in carried
    assert carried["data-card.md"].decode() == "Bảy bài báo." and json.loads(carried["metrics.json"]) == METRICS
    assert sorted(path.name for path in model.iterdir()) == before


def test_packaging_again_replaces_the_card(model: Path, tmp_path: Path) -> None:
    build(model, tmp_path)
    (tmp_path / "package" / "README.md").write_text("stale", encoding="utf8")
    build(model, tmp_path)
    assert "stale" not in (tmp_path / "package" / "README.md").read_text(encoding="utf8")


def test_missing_parts_say_which_command_to_run(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ViNerError, match="No data card"):
        build(model, tmp_path, data_card=tmp_path / "none.md")
    with pytest.raises(ViNerError, match="spacy project run evaluate"):
        build(model, tmp_path, metrics="none.json")
    assert not (tmp_path / "package").exists()
