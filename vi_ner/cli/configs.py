"""Commands on training configs: configs."""

from __future__ import annotations

from pathlib import Path

import typer

from .app import app
from .screen import msg


@app.command("configs")
def configs_cli(
    folder: Path = typer.Argument(Path("configs"), help="Folder with default.cfg and overlays/"),
) -> None:
    """Write the other training configs from default.cfg and the overlays."""
    from ..configs import write_configs

    for path in write_configs(folder):
        msg.good("Written", path)
