"""A trained pipeline as a wheel with a filled-in model card."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import srsly
from spacy.cli.package import TEMPLATE_INIT, TEMPLATE_SETUP
from spacy.cli.package import package as spacy_package

from .errors import ViNerError
from .files import replacing_folder
from .inputs import unchanged
from .rows import read_json

NO_ROOM = os.strerror(errno.ENOSPC)
PYVI = "pyvi>=0.1.1,<0.2"
NEEDS, NEEDS_PYVI = "spaCy and spacy-transformers", "spaCy, spacy-transformers and pyvi"
# What a packaged pipeline is tested to load with: the oldest and, by every run of the tests, the newest.
SPACY_VERSIONS = ">=3.8.7,<3.9.0"
CARD = """## {title}

{description}

### Scores

Strict scores (both borders and the label right) on {documents} documents that were never trained on ({gold}), with 95 %
bootstrap intervals of F over groups of documents. Gold spans that conversion could not express count as missed.

| | Precision | Recall | F | 95 % interval | Gold spans |
| --- | ---: | ---: | ---: | :---: | ---: |
{rows}

### Use

```python
import spacy

nlp = spacy.load("{module}")
doc = nlp("Ông Tạ Quang Sâm gặp báo chí tại Đà Nẵng ngày 12/9.")
print([(ent.text, ent.label_) for ent in doc.ents])
```

Loads with {needs} alone, without hub access. Offsets are those of the text you give: raw,
decomposed (NFD) or joined by a word segmenter.

### What it was made from

{sources}

### Limits

{limits}

Made with {versions}.
"""


def package_pipeline(
    *, model: Path, metrics: Path, about: Path, output: Path, name: str, version: str, data_card: Path | None = None
) -> Path:
    """Build a wheel from a trained pipeline and its evaluation; it carries the scores and the cards of model and data.

    about: JSON with `description`, `author`, `license`, `sources` (objects with name, author, license) and `limits`:
        what the scores cannot tell and the model card must.
    output: Folder for the package, replaced when the wheel is complete; its `dist` holds the wheel.
    data_card: Markdown on the data it was trained on.
    RETURNS: Path of the wheel.
    RAISES (ViNerError): No trained pipeline or no evaluation there, the build fails, or the disk refuses.
    """
    _require(model, metrics, data_card)
    facts = _read_about(about)
    with (
        replacing_folder(output, marker="meta.json") as folder,
        tempfile.TemporaryDirectory(dir=folder.parent) as scratch,  # of a killed run, the next clears it away
        unchanged(model, metrics),
    ):
        scores = read_json(metrics, fix="Expected the metrics.json that `report` wrote.")
        meta = model_meta(srsly.read_json(model / "meta.json"), scores, facts, name=name, version=version)
        code = carried_code(model)
        card = model_card(meta, scores, facts, needs=NEEDS_PYVI if code else NEEDS)
        carried = _with_papers(model, Path(scratch) / "model", card=card, metrics=metrics, data_card=data_card)
        meta_path, made = Path(scratch) / "meta.json", Path(scratch) / "made"
        srsly.write_json(meta_path, meta)
        made.mkdir()
        spacy_package(carried, made, code_paths=code, meta_path=meta_path, create_sdist=False, silent=True)
        tree = next(made.iterdir())
        _check_whole(tree)
        if code:
            _require_pyvi(tree)
        wheel = _build_wheel(tree)
        for part in ("README.md", "meta.json"):
            shutil.copy(tree / part, folder)
        (folder / "dist").mkdir()
        shutil.copy(wheel, folder / "dist")
    return output / "dist" / wheel.name


def _require(model: Path, metrics: Path, data_card: Path | None) -> None:
    """RAISES (ViNerError): One of them is not there."""
    for path, command in ((model / "meta.json", "train"), (metrics, "evaluate")):
        if not path.is_file():
            raise ViNerError("Missing.", where=str(path), fix=f"Run `spacy project run {command}` first.")
    if data_card and not data_card.is_file():
        raise ViNerError("No data card there.", where=str(data_card), fix="Check --data-card.")


def _with_papers(model: Path, copy: Path, *, card: str, metrics: Path, data_card: Path | None) -> Path:
    """A copy of the pipeline with its cards and scores: spaCy packages what lies in the pipeline's folder."""
    shutil.copytree(model, copy)
    (copy / "README.md").write_text(card, encoding="utf8")
    shutil.copy(metrics, copy / "metrics.json")
    if data_card:
        shutil.copy(data_card, copy / "data-card.md")
    return copy


def carried_code(model: Path) -> list[Path]:
    """The modules that the wheel of a pipeline carries: `vi_segment`, if its encoder reads segmented words."""
    if "vi_segment." not in (model / "config.cfg").read_text(encoding="utf8"):
        return []
    import vi_segment

    return [Path(vi_segment.__file__)]


def _check_whole(tree: Path) -> None:
    """RAISES (OSError): spaCy wrote half a module: it leaves closing to Python, which keeps quiet about a full disk."""
    for name, template in (("setup.py", TEMPLATE_SETUP), ("*/__init__.py", TEMPLATE_INIT)):
        if not next(tree.glob(name)).read_text(encoding="utf8").endswith(template[-40:]):
            raise OSError(errno.ENOSPC, NO_ROOM)


def _require_pyvi(tree: Path) -> None:
    """Let the package require what the carried module needs, and not the project that spaCy finds it in."""
    for path in sorted(tree.rglob("meta.json")):
        meta = srsly.read_json(path)
        kept = [name for name in meta.get("requirements", []) if not name.startswith("vi-ner")]
        srsly.write_json(path, meta | {"requirements": [*kept, PYVI]})


def model_meta(
    meta: dict[str, Any], scores: dict[str, Any], about: dict[str, Any], *, name: str, version: str
) -> dict[str, Any]:
    """The pipeline's meta.json with what its users need to know; `performance` is that on the test side (0 to 1)."""
    overall = scores["overall"]
    return meta | {
        "spacy_version": SPACY_VERSIONS,
        "name": name,
        "version": version,
        **{key: about[key] for key in ("description", "author", "license", "sources")},
        "performance": {
            "ents_p": overall["precision"],
            "ents_r": overall["recall"],
            "ents_f": overall["f"],
            "ents_f_low": overall["f_low"],
            "ents_f_high": overall["f_high"],
            "ents_per_type": {
                label: {"p": score["precision"], "r": score["recall"], "f": score["f"]}
                for label, score in scores["labels"].items()
            },
        },
    }


def model_card(meta: dict[str, Any], scores: dict[str, Any], about: dict[str, Any], *, needs: str = NEEDS) -> str:
    """The model card as Markdown, from the meta data and the evaluation; `needs`: the packages it loads with."""
    table = {"all": scores["overall"], **scores["labels"]}
    rows = [
        f"| {label} | {100 * score['precision']:.1f} | {100 * score['recall']:.1f} | {100 * score['f']:.1f} "
        f"| {100 * score['f_low']:.1f}–{100 * score['f_high']:.1f} | {score['support']} |"
        for label, score in table.items()
    ]
    packages = ("spacy", "spacy-transformers", "transformers", "torch")
    module = f"{meta['lang']}_{meta['name']}"
    return CARD.format(
        title=f"{module} {meta['version']}",
        module=module,
        needs=needs,
        description=meta["description"],
        limits=about["limits"],
        documents=scores["documents"],
        gold=scores["gold"],
        rows="\n".join(rows),
        sources="\n".join(
            f"- {source['name']} ({source['author']}, {source['license']})" for source in meta["sources"]
        ),
        versions=", ".join([f"Python {platform.python_version()}", *(f"{p} {installed_version(p)}" for p in packages)]),
    )


def _read_about(path: Path) -> dict[str, Any]:
    about = read_json(path, fix="Expected the facts for the model card; check --about.")
    if missing := {"description", "author", "license", "sources", "limits"} - set(about):
        raise ViNerError(f"The model card needs {', '.join(sorted(missing))}.", where=str(path), fix="Add them.")
    return about


def _build_wheel(tree: Path) -> Path:
    """The wheel of a package folder, built with the installed setuptools: no index is asked."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", str(tree)]
    # Files in a wheel carry a time; with a fixed one the same pipeline gives the same wheel.
    env = {"SOURCE_DATE_EPOCH": "315532800"} | os.environ
    result = subprocess.run(
        command, capture_output=True, text=True, encoding="utf8", errors="replace", check=False, env=env
    )
    wheels = sorted((tree / "dist").glob("*.whl"))
    if result.returncode or not wheels:
        said = result.stdout + result.stderr
        if NO_ROOM in said:
            raise OSError(errno.ENOSPC, NO_ROOM)
        lines = said.strip().splitlines()
        raise ViNerError(
            f"The wheel could not be built: {lines[-1] if lines else 'no output'}",
            where=tree.name,
            fix="Run `python -m pip install build setuptools` and try again.",
        )
    return wheels[0]
