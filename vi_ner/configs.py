"""Training configs from one base: default.cfg, and overlays that hold what is different and why."""

from __future__ import annotations

import re
from pathlib import Path

from spacy.util import CONFIG_SECTION_ORDER, load_config
from thinc.api import Config

from .files import replacing_file

BASE = "default"
# The overlays that each config lays over the base, in this order.
CONFIGS = {"gpu": ("gpu",), "open": ("open",), "phobert": ("gpu", "phobert")}


def write_configs(folder: Path) -> list[Path]:
    """Write every config of `CONFIGS` beside default.cfg, and give the paths.

    An overlay's section is merged with the base's section; where it names another registered function, it replaces it.
    RAISES (ViNerError): The disk refuses.
    """
    written = []
    for name, overlays in CONFIGS.items():
        config = load_config(folder / f"{BASE}.cfg")
        for overlay in overlays:
            config = config.merge(read_overlay(folder / "overlays" / f"{overlay}.cfg"))
        sources = " and ".join([f"{BASE}.cfg", *(f"overlays/{overlay}.cfg" for overlay in overlays)])
        head = f"# Made by `python -m vi_ner configs` from {sources}:\n# change those; the reasons stand there too.\n\n"
        written.append(folder / f"{name}.cfg")
        with replacing_file(written[-1]) as path:
            body = Config(config, section_order=CONFIG_SECTION_ORDER).to_str(interpolate=False)
            path.write_text(f"{head}{body}\n", encoding="utf8")
    return written


def read_overlay(path: Path) -> Config:
    """The content of an overlay, which names only the sections that it changes, parents before children.

    RAISES (ConfigValidationError): Not a config.
    """
    text = path.read_text(encoding="utf8")
    names = re.findall(r"^\[(.+)\]$", text, re.MULTILINE)
    parents = {".".join(name.split(".")[:depth]) for name in names for depth in range(1, name.count(".") + 1)}
    missing = sorted(parent for parent in parents - set(names) if not parent.endswith("*"))
    above = "".join(f"[{parent}]\n" for parent in missing)
    return Config().from_str(above + text, interpolate=False)
