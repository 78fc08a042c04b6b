"""Where the numbers come from: everything needed to make them again, and the size and speed of the model."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .apart import About
from .cases import Case

PACKAGES = ("vi-ner", "spacy", "spacy-transformers", "transformers", "torch", "numpy", "scikit-learn", "nervaluate")


@dataclass(frozen=True)
class Provenance:
    """Everything needed to make the report again. Hashes are SHA-256; sizes in bytes; speed while predicting."""

    command: str
    pipeline: str
    model: str
    model_sha256: str
    model_bytes: int
    gold: str
    gold_sha256: str
    train_sha256: str
    seed: int | None
    config: str
    python: str
    machine: str
    packages: dict[str, str]
    seconds: float
    documents_per_second: float
    tokens_per_second: float


def trace(
    about: About, gold: Path, train: Path | None, *, command: str, seconds: float, cases: Sequence[Case]
) -> Provenance:
    """Where the numbers come from. seconds: What prediction took."""
    folder = Path(about.path) if about.path else None
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    tokens = sum(len(case.tokens) for case in cases)
    return Provenance(
        command=command,
        pipeline=f"{about.meta['lang']}_{about.meta['name']} {about.meta['version']}",
        model=str(folder or ""),
        model_sha256=_digest(*files) if files else "",
        model_bytes=sum(path.stat().st_size for path in files),
        gold=str(gold),
        gold_sha256=_digest(gold),
        train_sha256=_digest(train) if train else "",
        seed=about.seed,
        config=about.config,
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        packages={name: found for name in PACKAGES if (found := _version(name))},
        seconds=round(seconds, 2),
        documents_per_second=round(len(cases) / max(seconds, 1e-9), 1),
        tokens_per_second=round(tokens / max(seconds, 1e-9), 1),
    )


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
