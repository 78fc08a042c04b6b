"""What the project depends on: exact versions, licences, and the oldest spaCy that a packaged pipeline loads with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import venv
from importlib.metadata import requires
from pathlib import Path

from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from world import run

# Whoever passes a pipeline on passes these on too; their licences must ask for nothing but a notice.
FORBIDDEN = re.compile(r"\b(AGPL|Affero|GPLv|GPL-[23]|General Public|Commercial|Proprietary)")
CHOICE = {"tld"}  # MPL, GPL or LGPL, as one likes
OLDEST = "3.8.7"  # as in `vi_ner.package.SPACY_VERSIONS`; the newest is loaded in test_project.py
TEXT = "Năm 1990, chị Mẫn ở xã Tân Phú kể chuyện ở Huế."
LOAD = "import sys, json, spacy; nlp = spacy.load(sys.argv[1]); doc = nlp(sys.argv[2]); "
LOAD += "print(json.dumps([spacy.__version__, [[t.text, t.tag_, t.ent_type_] for t in doc]]))"


def lock() -> dict[str, str]:
    """Versions by package; every line must be `name==version`."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf8").splitlines()
    found = [re.fullmatch(r"([\w.-]+)==([\w.]+)", line) for line in lines if line and not line.startswith("#")]
    assert None not in found
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def test_the_lock_names_one_version_of_everything_that_is_needed() -> None:
    versions = lock()
    assert len(versions) > 100
    for name in ("vi-ner", *versions):
        for line in requires(name) or []:
            needed = Requirement(line)
            extra = "dev" if name == "vi-ner" else ""
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                found = versions.get(canonicalize_name(needed.name))
                assert found is not None, f"{name} needs {needed}, which requirements.txt does not name"
                if name != "transformers":  # its own pins are checked by itself when it is imported
                    assert needed.specifier.contains(found, prereleases=True), f"{name} needs {needed}, not {found}"


def test_licences_allow_passing_on() -> None:
    command = [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json", "--packages", *lock()]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf8", check=True)
    rows = json.loads(result.stdout)
    said = {row["Name"]: row["License"][:100] for row in rows}
    assert len(said) > 100
    assert [name for name, licence in said.items() if name not in CHOICE and FORBIDDEN.search(licence)] == []


def test_a_wheel_loads_with_the_oldest_spacy_that_it_names(
    tiny_pipeline: Path, whole_world: Path, tmp_path: Path
) -> None:
    model = tiny_pipeline.relative_to(whole_world)
    package = f"package {model} metrics.json --about about.json --name tiny --version 1.0.0 -o package"
    assert run(package, whole_world).code == 0
    (wheel,) = (whole_world / "package" / "dist").glob("*.whl")
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    (site,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    # The big packages are those of this environment; spaCy, Thinc and what else is older is put before them.
    (site / "shared.pth").write_text(
        "\n".join(path for path in sys.path if path.endswith("-packages")), encoding="utf8"
    )
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"]
    subprocess.run([*pip, f"spacy=={OLDEST}"], check=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    old, new = (
        subprocess.run(
            [*start, "-c", LOAD, name, TEXT], capture_output=True, text=True, check=True, cwd=tmp_path
        ).stdout
        for start, name in (([python], "vi_tiny"), ([sys.executable], str(tiny_pipeline)))
    )
    assert json.loads(old)[0] == OLDEST != json.loads(new)[0]
    assert json.loads(old)[1] == json.loads(new)[1]
