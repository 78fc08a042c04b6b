"""The typer application that the modules beside this one add their commands to, and its entry point."""

from __future__ import annotations

import io
import sys

import typer

from ..errors import ViNerError
from .screen import msg

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Vietnamese named-entity recognition, from annotated articles to a packaged pipeline.",
)


def main() -> None:
    """Run the command line; a user's mistake ends with one message and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file name may be no UTF-8, a terminal no Unicode
    try:
        app()
    except ViNerError as error:
        msg.fail(f"{error.where}: {error.what}" if error.where else error.what, error.fix)
        sys.exit(1)
