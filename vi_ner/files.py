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

    RAISES (ViNerError): `path` is something else than a file, or the disk refuses (full, read-only, no permission);
        `path` is then as it was.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise ViNerError("Not a file that could be replaced.", where=str(path), fix="Give another output.")
    with disk_errors(path):
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
def replacing_folder(path: Path, *, marker: str) -> Iterator[Path]:
    """A temporary folder beside `path`, which takes its place when the block ends without an error.

    marker: A file that every such folder holds; a folder with other things in it and without it is left alone.
    RAISES (ViNerError): `path` is somebody else's folder, or the disk refuses; `path` is then as it was.
    """
    path = path.resolve()
    if path.exists() and not (path / marker).is_file() and (not path.is_dir() or any(path.iterdir())):
        raise ViNerError(
            f"Would be replaced, but holds no {marker}, so it was not made by this command.",
            where=str(path),
            fix="Give another output, or remove it yourself.",
        )
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            (scratch / "new").mkdir()
            yield scratch / "new"
            if path.exists():
                path.rename(scratch / "old")
            try:
                (scratch / "new").rename(path)
            except OSError:
                (scratch / "old").rename(path)
                raise
        finally:
            shutil.rmtree(scratch)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """RAISES (ViNerError): The block could not write `path` or something beside it."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and not str(error.filename).startswith(str(path.parent)):
            raise  # another file's trouble
        raise ViNerError(
            f"Cannot be written: {error.strerror or error}.",
            where=str(path),
            fix="Make room or give permission and run the command again.",
        ) from error
