from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT
from test_package import build

from vi_ner.errors import ViNerError
from vi_ner.publish import publish

pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning",
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning",
)


def test_a_dry_run_shows_what_the_hub_would_get(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # whatever asks a hub fails
    build(model, tmp_path)
    with pytest.raises(ViNerError, match="could not be written"):
        publish(package=tmp_path / "package", namespace="bao", root=ROOT)
    kept = tmp_path / "upload"
    result = publish(package=tmp_path / "package", namespace="bao", root=ROOT, dry_run=kept)
    assert result.url.endswith("/bao/xx_places")
    assert (kept / "xx_places-any-py3-none-any.whl").stat().st_size > 1000
    card = (kept / "README.md").read_text(encoding="utf8")
    assert "license: cc0-1.0" in card and "NER F Score" in card and "0.333" in card
    with pytest.raises(ViNerError, match="new folder"):
        publish(package=tmp_path / "package", namespace="bao", root=ROOT, dry_run=kept)


def test_nothing_to_publish_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ViNerError, match="spacy project run package"):
        publish(package=tmp_path, namespace="bao", root=tmp_path)
