"""Starts the process that talks to Doccano, and exchanges files with it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from .errors import ViNerError
from .settings import KEYS, Connection, read_connection
from .venvs import environment

PACKAGE = Path(__file__).parent
# `python -m vi_ner.doccano` with this package in sight and nothing else of our environment.
START = f"""
import importlib.util, runpy, sys
spec = importlib.util.spec_from_file_location("vi_ner", {str(PACKAGE / "__init__.py")!r})
sys.modules["vi_ner"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["vi_ner"])
runpy.run_module("vi_ner.doccano", run_name="__main__", alter_sys=True)
"""


@contextlib.contextmanager
def run_client(
    command: str,
    request: dict[str, Any],
    *,
    rows: Iterable[dict[str, Any]] = (),
    root: Path,
    building: Callable[[str], None] = lambda name: None,
) -> Iterator[tuple[dict[str, Any], Path]]:
    """The result of `push` or `pull` in the environment of doccano-client, and the folder with its files.

    root: The project's folder, with `.env`, the local server's data and the environments.
    RAISES (ViNerError): What the client reports, or no server is known.
    """
    connection = read_connection(root)
    python = environment("annotation", root=root, building=building)
    with tempfile.TemporaryDirectory(prefix="vi-ner-") as name:
        folder = Path(name)
        (folder / "request.json").write_text(json.dumps(request), encoding="ascii")
        with (folder / "rows.jsonl").open("w", encoding="ascii") as stream:
            stream.writelines(json.dumps(row) + "\n" for row in rows)
        _run(python, command, folder, connection)
        yield json.loads((folder / "result.json").read_text(encoding="ascii")), folder


def _run(python: Path, command: str, folder: Path, connection: Connection) -> None:
    result = subprocess.run(
        [python, "-I", "-c", START, command, folder],
        # A process's variables can be looked at for as long as it runs, what it reads only once.
        env={key: value for key, value in os.environ.items() if key not in KEYS},
        input=json.dumps(connection.environment()),
        capture_output=True,
        text=True,
        encoding="utf8",
        check=False,
    )
    if (folder / "error.json").is_file():
        raise ViNerError(**_error(folder))
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or [f"code {result.returncode}"])[-1]
        raise ViNerError(f"The client of Doccano broke off: {reason}", where=connection.url, fix="Run it again.")


def _error(folder: Path) -> dict[str, str]:
    content = json.loads((folder / "error.json").read_text(encoding="ascii"))
    return {key: str(content[key]) for key in ("what", "where", "fix")}
