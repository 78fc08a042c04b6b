"""Inputs that stay as they are while they are read: what is read before and after a change belongs to no one state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import ViNerError


@contextmanager
def unchanged(*paths: Path) -> Iterator[None]:
    """For files, and folders with all that is in them, that the block reads. What is no file or folder is passed over.

    RAISES (ViNerError): One of them was written, replaced, added or removed meanwhile. Where the block failed too, then
        because of it.
    """
    before = [state(path) for path in paths]
    failure: Exception | None = None
    try:
        yield
    except Exception as error:
        failure = error
    for path, known in zip(paths, before, strict=True):
        if state(path) != known:
            raise ViNerError(
                "Changed while it was read.",
                where=str(path),
                fix="Wait until nothing writes it any more, then run the command again.",
            ) from failure
    if failure:
        raise failure


def state(path: Path) -> dict[str, list[int]]:
    """What tells a change: size in bytes, time of the last one in nanoseconds and inode of every file at `path`."""
    found = {}
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        with suppress(FileNotFoundError):  # gone since
            if file.is_file():
                stat = file.stat()
                found[str(file)] = [stat.st_size, stat.st_mtime_ns, stat.st_ino]
    return found
