"""Pushes and pulls, killed at random moments: the next finishes the work, and nothing is lost or doubled.

`make nightly` kills each a hundred times.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import LABELS, ROOT
from doccano_site import Site

COUNT = 30
SETTINGS = ["--labels", str(LABELS), "--guidelines", str(ROOT / "annotations" / "guidelines.md")]


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    rows = [{"doc_id": f"k{number:03}", "text": f"{number}. Bà Lường Thị Sọi về Phù Nhai."} for number in range(COUNT)]
    path = tmp_path / "articles.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


def start(site: Site, *arguments: object) -> subprocess.Popen[str]:
    """A command in a process group of its own, with all that it starts."""
    command = [sys.executable, "-m", "vi_ner", *map(str, arguments)]
    out, err = subprocess.PIPE, subprocess.STDOUT
    return subprocess.Popen(command, cwd=site.root, start_new_session=True, stdout=out, stderr=err, encoding="utf8")


def finish(site: Site, *arguments: object) -> float:
    """Let a command end well; the seconds that it took."""
    began = time.monotonic()
    running = start(site, *arguments)
    printed, _ = running.communicate(timeout=120)
    assert running.returncode == 0, printed
    return time.monotonic() - began


def kill_after(seconds: float, site: Site, *arguments: object) -> bool:
    """Start a command and kill it; whether it still ran."""
    running = start(site, *arguments)
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.communicate(timeout=seconds)
        return False
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    return True


def test_a_push_killed_at_any_moment_is_finished_by_the_next(
    doccano: Site, articles: Path, pytestconfig: pytest.Config
) -> None:
    def push(project: str) -> list[object]:
        return ["doccano-push", articles, "--project", project, *SETTINGS]

    admin = doccano.admin()
    usual = finish(doccano, *push("Không giết"))
    killed = 0
    for number in range(pytestconfig.getoption("--rounds")):
        project = f"Giết lúc gửi {number}"
        rng = random.Random(f"push {number}")
        killed += kill_after(rng.uniform(0, usual), doccano, *push(project))
        finish(doccano, *push(project))
        finish(doccano, *push(project))  # removes the copies of an import that came in late
        found = admin.project(project)
        assert (len(admin.documents(found)), admin.count(found)) == (COUNT, COUNT), f"round {number}"
        assert set(admin.labels(found)) == {"PER", "ORG", "LOC", "DATE"}
    assert killed


def test_a_pull_killed_at_any_moment_leaves_a_whole_file(
    doccano: Site, articles: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    name, pulled = "Giết lúc lấy", tmp_path / "pulled" / "pulled.jsonl"
    finish(doccano, "doccano-push", articles, "--project", name, *SETTINGS)
    admin = doccano.admin()
    project = admin.project(name)
    documents, person = admin.documents(project), admin.labels(project)["PER"]
    usual = finish(doccano, "doccano-pull", "--project", name, "-o", pulled)
    killed, states = 0, [pulled.read_bytes()]
    for number in range(pytestconfig.getoption("--rounds")):
        document = documents[f"k{number % COUNT:03}"]
        if number < COUNT:  # each round finds something new to pull, as long as there are documents
            begin = document["text"].index("Lường")
            admin.mark(project, document, begin, begin + len("Lường Thị Sọi"), person)
            admin.confirm(project, document)
        rng = random.Random(f"pull {number}")
        killed += kill_after(rng.uniform(0, usual), doccano, "doccano-pull", "--project", name, "-o", pulled)
        left = pulled.read_bytes()
        finish(doccano, "doccano-pull", "--project", name, "-o", pulled)
        assert left in (states[-1], pulled.read_bytes()), f"round {number}: neither the old nor the new"
        states.append(pulled.read_bytes())
        rows = [json.loads(line) for line in pulled.read_text(encoding="utf8").splitlines()]
        assert len(rows) == min(number + 1, COUNT)
        marked = [row["text"][span["start_offset"] : span["end_offset"]] for row in rows for span in row["entities"]]
        assert marked == ["Lường Thị Sọi"] * len(rows)
        for earlier in pulled.parent.glob("*"):  # copies that are kept of what is replaced are whole as well
            assert earlier.name.startswith(".") or earlier.read_bytes() in states, earlier.name
    assert killed
