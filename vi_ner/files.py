"""Writing so that nothing half-written is ever taken for a whole: write beside, then rename."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import ViNerError


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, which takes its place when the block ends without an error.

    RAISES (ViNerError): The disk refuses (full, read-only, no permission); `path` is then as it was.
    """
    with _disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        beside = Path(name)
        beside.chmod(0o666 & ~_umask())
        try:
            yield beside
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path`, which takes its place when the block ends without an error.

    RAISES (ViNerError): The disk refuses; `path` is then as it was.
    """
    with _disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            (scratch / "new").mkdir()
            yield scratch / "new"
            if path.exists():
                path.rename(scratch / "old")
            (scratch / "new").rename(path)
        finally:
            shutil.rmtree(scratch)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ViNerError(
            f"Cannot be written: {error.strerror or error}.",
            where=str(path),
            fix="Make room or give permission and run the command again; nothing was changed.",
        ) from error
