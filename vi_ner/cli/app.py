"""The typer application that the modules beside this one add their commands to, and its entry point."""

from __future__ import annotations

import io
import sys
from typing import NoReturn

import typer

from ..errors import ViNerError
from .screen import msg

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Vietnamese named-entity recognition, from annotated articles to a packaged pipeline.",
)

NO_MEMORY = ViNerError("Not enough memory.", fix="Close other programs, or give less at a time; nothing was written.")

EXTRAS = {"pyvi": "phobert"}  # packages that few commands need, and the extra that brings them


def main() -> None:
    """Run the command line; what the user can mend ends with one message and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file name may be no UTF-8, a terminal no Unicode
    try:
        app()
    except ViNerError as error:
        fail(error)
    except MemoryError:
        fail(NO_MEMORY)
    except OSError as error:
        what = f"{error.strerror or error}."
        fail(ViNerError(what, where=str(error.filename or ""), fix="Check the path, its permissions and the disk."))
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        fix = f"Run `{sys.executable} -m pip install 'vi-ner[{EXTRAS[error.name]}]'`."
        fail(ViNerError(f"The package {error.name} is not installed.", fix=fix))
    except (RuntimeError, ImportError) as error:
        if not any(words in str(error) for words in ("allocate memory", "failed to map segment")):
            raise  # not the way of PyTorch, safetensors or the loader to say so
        fail(NO_MEMORY)


def fail(error: ViNerError) -> NoReturn:
    """Say what is wrong and end."""
    msg.fail(f"{error.where}: {error.what}" if error.where else error.what, error.fix)
    sys.exit(1)
