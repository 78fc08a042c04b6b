"""What the tests share: the real tokenizer, the real encoder, and the pipeline that the real workflow trains."""

from __future__ import annotations

import functools
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from doccano_page import chromium
from doccano_site import Site
from hypothesis import HealthCheck, Phase, settings
from playwright.sync_api import Browser
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from world import COMMANDS, Command, Run, make_world, run

from vi_ner.convert import news_tokenizer
from vi_ner.encoder import prepare_encoder
from vi_ner.settings import KEYS
from vi_ner.tag import load_pipeline

ROOT = Path(__file__).parents[1]
SERVED = {
    "test_adjudicate",
    "test_doccano",
    "test_doccano_faults",
    "test_doccano_kills",
    "test_doccano_page",
    "test_server",
}
LABELS = ROOT / "annotations" / "labels.json"

# The same examples every time in CI; `make nightly` looks for new ones.
settings.register_profile(
    "ci",
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking a failure may take minutes; the nightly run does it
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "nightly", settings.get_profile("ci"), max_examples=5000, derandomize=False, phases=list(Phase), print_blob=True
)
settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `make nightly` gives more of."""
    parser.addoption("--rounds", type=int, default=2, help="How often each command is killed (`make nightly`: 100)")
    parser.addoption("--fuzz-seconds", type=int, default=4, help="Time for each reader")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several processes (`make test`), what shares a server or the repository's workflow stays in one."""
    for item in items:
        used = getattr(item, "fixturenames", [])
        group = "project" if "project" in used else item.path.stem
        item.add_marker(pytest.mark.xdist_group("doccano" if item.path.stem in SERVED else group))


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
def fast(project: Path) -> Language:
    """The same, set up for this machine, for tests that read many texts."""
    return load_pipeline(project / "training" / "default" / "model-best")


@pytest.fixture(scope="session")
def dev_docs(project: Path, tokenizer: Language) -> list[Doc]:
    """A hundred gold documents of the dev side: plain spaCy reads them in several tests, and it is slow."""
    return list(DocBin().from_disk(project / "corpus" / "dev.spacy").get_docs(tokenizer.vocab))[:100]


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


@pytest.fixture(scope="session")
def whole_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every command reads, once."""
    return make_world(tmp_path_factory.mktemp("world") / "world")


@pytest.fixture(scope="session")
def undisturbed(whole_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Command], tuple[Run, Path]]:
    """How a command ends where nothing disturbs it, and the folder that it wrote to; each runs once."""

    @functools.cache
    def of(command: Command) -> tuple[Run, Path]:
        world = Path(shutil.copytree(whole_world, tmp_path_factory.mktemp(command.name) / "world"))
        ended = run(command.arguments, world)
        assert ended.code == 0, ended.printed
        return ended, world / "out"

    return of


@pytest.fixture(scope="session")
def tiny_pipeline(whole_world: Path) -> Path:
    """A pipeline with every part of a real one, trained for four steps."""
    (train,) = (command for command in COMMANDS if command.name == "train")
    ended = run(train.arguments.replace("-o out", "-o trained"), whole_world)
    assert ended.code == 0, ended.printed
    return whole_world / "trained" / "model-best"


@pytest.fixture
def world(whole_world: Path, tmp_path: Path) -> Path:
    """A copy of it, for one test."""
    return Path(shutil.copytree(whole_world, tmp_path / "world"))
