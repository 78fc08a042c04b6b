"""What the tests share: the real tokenizer, the real encoder, and the pipeline that the real workflow trains."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from doccano_page import chromium
from doccano_site import Site
from playwright.sync_api import Browser
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from vi_ner.convert import news_tokenizer
from vi_ner.encoder import prepare_encoder
from vi_ner.settings import KEYS

ROOT = Path(__file__).parents[1]
LABELS = ROOT / "annotations" / "labels.json"


def vi_ner(*args: object, stdin: str = "", largest_file: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run `python -m vi_ner …` as a user does; `largest_file` in bytes makes the disk refuse what is longer."""

    def limit() -> None:
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    command = [sys.executable, "-m", "vi_ner", *map(str, args)]
    env = os.environ | {"PYTHONUTF8": "1", "WASABI_NO_PRETTY": "0"}
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, encoding="utf8", check=False, env=env, preexec_fn=limit
    )


def marked(doc: Doc, *spans: tuple[int, int, str]) -> Doc:
    """The document with entities over the given code points; every one must fall on token borders."""
    entities = [doc.char_span(start, end, label) for start, end, label in spans]
    assert None not in entities
    doc.set_ents([entity for entity in entities if entity is not None])
    return doc


@pytest.fixture(scope="session")
def tokenizer() -> Language:
    """A blank pipeline with the project's tokenization rules."""
    return news_tokenizer()


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled encoder, prepared."""
    folder = tmp_path_factory.mktemp("assets") / "encoder"
    prepare_encoder(source="bundled", output=folder)
    return folder


@pytest.fixture(scope="session")
def project() -> Path:
    """The repository after `spacy project run all`: the real workflow, with the real corpus and encoder.

    The workflow skips what is up to date, so after `make all` this costs seconds.
    """
    result = subprocess.run([sys.executable, "-m", "spacy", "project", "run", "all"], cwd=ROOT, check=False)
    assert result.returncode == 0, "`spacy project run all` failed, see its output above"
    return ROOT


@pytest.fixture(scope="session")
def trained(project: Path) -> Language:
    """The trained pipeline."""
    return spacy.load(project / "training" / "default" / "model-best")


@pytest.fixture(scope="session")
def dev_docs(project: Path, tokenizer: Language) -> list[Doc]:
    """The gold documents of the dev side."""
    return list(DocBin().from_disk(project / "corpus" / "dev.spacy").get_docs(tokenizer.vocab))


@pytest.fixture
def finds_hue() -> Language:
    """A pipeline that finds one place, without training."""
    nlp = spacy.blank("xx")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Huế"}])  # type: ignore[attr-defined]
    return nlp


@pytest.fixture
def model(finds_hue: Language, tmp_path: Path) -> Path:
    """The same pipeline on disk."""
    finds_hue.to_disk(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def write_jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as JSONL under the given name and give the path."""

    def write(name: str, *rows: dict[str, Any]) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf8")
        return path

    return write


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def doccano_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A real Doccano server and a folder whose settings point to it; its environments stay in the repository."""
    site = Site(tmp_path_factory.mktemp("site"), ROOT)
    site.start()
    yield site
    site.stack.close()


@pytest.fixture
def doccano(doccano_site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The same, running again if a test before has killed it; settings of the user's own shell do not count."""
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)
    doccano_site.start()
    return doccano_site
