"""A packaged pipeline onto a Hugging Face hub, by spaCy's own `spacy-huggingface-hub`, in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .errors import ViNerError
from .venvs import environment

# A dry run does everything but talk to the hub: what would be uploaded is copied into a folder.
SCRIPT = """
import importlib, json, shutil, sys
wheel, namespace, message, folder = sys.argv[1:]
library = importlib.import_module("spacy_huggingface_hub.push")
if folder:
    def keep(*, repo_id, folder_path, **_):
        shutil.copytree(folder_path, folder)
        return f"https://huggingface.co/{repo_id}/tree/main"
    library.HfApi.create_repo = lambda *args, **kwargs: None
    library.upload_folder = keep
result = library.push(wheel, namespace or None, message)
print(json.dumps(result))
"""


@dataclass(frozen=True)
class Published:
    """Where the pipeline stands, or would stand."""

    url: str
    wheel_url: str


def publish(
    *,
    package: Path,
    namespace: str,
    root: Path,
    message: str = "Update spaCy pipeline",
    dry_run: Path | None = None,
    building: Callable[[str], None] = lambda name: None,
) -> Published:
    """Push the wheel of a package folder, with its model card, to `namespace`/package name; public.

    namespace: User or organisation. dry_run: A new folder for what would be uploaded; nothing leaves the machine then.
    root: The project's folder, for the environment.
    RAISES (ViNerError): No package there, not logged in, or the hub refuses.
    """
    wheels = sorted((package / "dist").glob("*.whl"))
    if len(wheels) != 1:
        raise ViNerError(
            f"Found {len(wheels)} wheels, expected one.",
            where=str(package / "dist"),
            fix="Run `spacy project run package` first.",
        )
    if dry_run is not None and dry_run.exists():
        raise ViNerError("Exists already.", where=str(dry_run), fix="Give a new folder for --dry-run.")
    python = environment("publish", root=root, building=building)
    kept = "" if dry_run is None else str(dry_run.resolve())
    command = [str(python), "-I", "-c", SCRIPT, str(wheels[0].resolve()), namespace, message, kept]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf8", check=False)
    if result.returncode:
        lines = (result.stderr or result.stdout).strip().splitlines()
        raise ViNerError(
            f"The hub could not be written: {lines[-1] if lines else 'no reason was given'}",
            where=namespace,
            fix="Set HF_TOKEN to a token with write access, and check the name of the user or organisation.",
        )
    answer = json.loads(result.stdout.strip().splitlines()[-1])
    return Published(answer["url"], answer["whl_url"])
