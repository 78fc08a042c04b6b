"""Packages of Debian that a test needs and a machine may not have."""

from __future__ import annotations

import os
import subprocess


def install(package: str) -> None:
    """Install it, which takes root."""
    for step in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", package]):
        subprocess.run(["apt-get", *step], check=True, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
