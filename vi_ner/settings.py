"""Where Doccano is and who we are there: from the environment or a `.env` file, never from the command line.

`DOCCANO_URL`, `DOCCANO_USERNAME` and `DOCCANO_PASSWORD` name any server. Where none of them is set, the server that
`vi_ner doccano` started in this folder is meant.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from .errors import ViNerError
from .files import replacing_file
from .rows import reading

LOCAL_DATA = Path(".doccano")  # data of the local server, git-ignored
SECRETS = "secrets.env"
KEYS = ("DOCCANO_URL", "DOCCANO_USERNAME", "DOCCANO_PASSWORD")


@dataclass(frozen=True)
class Connection:
    """A Doccano server and the account to use there."""

    url: str
    username: str
    password: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """The settings that name it."""
        return dict(zip(KEYS, (self.url, self.username, self.password), strict=True))


def write_secrets(file: Path, values: Mapping[str, str]) -> None:
    """KEY=VALUE lines in a file that its owner alone can read."""
    with replacing_file(file) as path:
        path.chmod(0o600)
        path.write_text("".join(f"{key}={value}\n" for key, value in values.items()), encoding="utf8")


def read_settings(root: Path) -> dict[str, str]:
    """Every setting: the environment, else the file `.env` in `root`.

    RAISES (ViNerError): git tracks the `.env` file, so its passwords would be published.
    """
    file = root / ".env"
    if file.is_file() and _tracked(file):
        raise ViNerError(
            "git tracks this file, so passwords in it would be published.",
            where=str(file),
            fix="Run `git rm --cached .env`, and change the passwords that were committed.",
        )
    return read_env(file) | dict(os.environ)


def read_env(file: Path) -> dict[str, str]:
    """The filled settings of a `.env` file, to the letter: a `$` in a password is a `$`. None where there is no file.

    RAISES (ViNerError): It cannot be read, is not UTF-8, or holds what no environment does.
    """
    try:
        with reading(file):
            found = {key: value for key, value in dotenv_values(file, interpolate=False).items() if value}
    except UnicodeDecodeError as error:
        raise ViNerError(
            f"Not UTF-8: {error.reason} at byte {error.start}.", where=str(file), fix="Save the file as UTF-8."
        ) from error
    if any("\0" in key + value for key, value in found.items()):
        raise ViNerError("Holds a NUL character.", where=str(file), fix="Write the file anew.")
    return found


def read_connection(root: Path) -> Connection:
    """The server to talk to.

    RAISES (ViNerError): Settings are missing.
    """
    found = {key: value for key, value in read_settings(root).items() if key in KEYS and value}
    local = root / LOCAL_DATA / SECRETS
    if not found and local.is_file():
        found = {key: value for key, value in read_env(local).items() if key in KEYS}
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise ViNerError(
            f"No Doccano server is known: {', '.join(missing)} not set.",
            fix="Start one here with `spacy project run doccano`, or name one in the environment or in a file .env.",
        )
    return Connection(*(found[key] for key in KEYS))


def _tracked(file: Path) -> bool:
    command = ["git", "ls-files", "--error-unmatch", file.name]
    try:
        return subprocess.run(command, cwd=file.parent, capture_output=True, check=False).returncode == 0
    except OSError:  # no git here
        return False
