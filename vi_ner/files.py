"""Writing so that nothing half-written is ever taken for a whole: write beside, then rename.

What is written stands in a folder `.NAME.partial` beside its place until it is complete. The folder carries a lock that
ends with the process, so a second run is refused and the leftovers of a killed one are cleared by the next.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import ViNerError

# What a disk says that takes no more: no room, quota used up, file too large, read-only, broken.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, which takes its place when the block ends without an error.

    RAISES (ViNerError): `path` is something else than a file, another run is writing it, or the disk refuses (full,
        read-only, no permission); `path` is then as it was.
    """
    with replacing_files(path) as (beside,):
        yield beside


@contextmanager
def replacing_files(*paths: Path) -> Iterator[Sequence[Path]]:
    """The same for several files of one folder that belong together.

    Old and new never stand side by side: a process that is killed while they change places leaves some of them missing.
    """
    paths = tuple(path.resolve() for path in paths)
    for path in paths:
        if path.exists() and not path.is_file():
            raise ViNerError("Not a file that could be replaced.", where=str(path), fix="Give another output.")
    with disk_errors(paths[0]), _partial(paths[0]) as partial:
        beside = [partial / "new" / path.name for path in paths]
        for path in beside:
            path.touch()
        yield beside
        _put_in_place(beside, paths, aside=partial / "old")


@contextmanager
def replacing_folder(path: Path, *, marker: str) -> Iterator[Path]:
    """A temporary folder beside `path`, which takes its place when the block ends without an error.

    marker: A file that every such folder holds; a folder with other things in it and without it is left alone.
    RAISES (ViNerError): `path` is somebody else's folder, another run is writing it, or the disk refuses; `path` is
        then as it was.
    """
    path = path.resolve()
    if path.exists() and not (path / marker).is_file() and (not path.is_dir() or any(path.iterdir())):
        raise ViNerError(
            f"Would be replaced, but holds no {marker}, so it was not made by this command.",
            where=str(path),
            fix="Give another output, or remove it yourself.",
        )
    with disk_errors(path), _partial(path) as partial:
        beside = partial / "new" / path.name
        beside.mkdir()
        yield beside
        _put_in_place([beside], [path], aside=partial / "old")


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Make the folder, if need be, and keep other runs out of it until the block or this process ends.

    RAISES (ViNerError): Another run holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock", blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise ViNerError(
            "Another run is writing this at the moment.",
            where=str(folder),
            fix="Wait until it has ended, then run the command again.",
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """RAISES (ViNerError): The block could not write `path` or something beside it."""
    try:
        yield
    except Exception as error:
        refused = _refusal(error)
        elsewhere = refused and refused.filename and not _is_within(str(refused.filename), path.parent)
        if refused is None or elsewhere:
            raise  # none of the system's, or another file's trouble
        raise ViNerError(
            f"Cannot be written: {refused.strerror}.",
            where=str(path),
            fix="Make room or give permission and run the command again.",
        ) from error


def _is_within(name: str, folder: Path) -> bool:
    """Whether a file is in a folder or below; either may be named from the working directory, or through a link."""
    return Path(os.path.realpath(name)).is_relative_to(os.path.realpath(folder))


def _refusal(error: Exception) -> OSError | None:
    """What the system said, if it did; safetensors, tokenizers and shutil put it into an error of their own."""
    if isinstance(error, ViNerError):
        return None
    if isinstance(error, OSError) and error.errno is not None:
        return error
    said = re.search(r"(?:os error |\[Errno )(\d+)", str(error))
    number = int(said[1]) if said else 0
    if number in FULL:
        return OSError(number, os.strerror(number))
    several = error.args[0] if number and isinstance(error, shutil.Error) else []  # (source, target, reason) of each
    return OSError(number, several[0][-1]) if several else None


@contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """The folder for what is not yet complete, with empty folders `new` and `old` in it; gone after the block."""
    partial = path.with_name(f".{path.name}.partial")
    with locked_folder(partial):
        try:
            _clear(partial, path)
            for name in ("new", "old"):
                (partial / name).mkdir()
            yield partial
        finally:
            for name in ("new", "old"):
                shutil.rmtree(partial / name, ignore_errors=True)
            # From here on another run may come in: what is in its way goes, what it has made stays.
            (partial / "lock").unlink()
            with suppress(OSError):
                partial.rmdir()


def _clear(partial: Path, path: Path) -> None:
    """Remove what a killed run left, but put back a folder that it had moved away and not yet replaced."""
    aside = partial / "old" / path.name
    if aside.is_dir() and not path.exists():
        aside.rename(path)
    for name in ("new", "old"):
        if (partial / name).exists():
            shutil.rmtree(partial / name)


def _put_in_place(beside: Sequence[Path], paths: Sequence[Path], *, aside: Path) -> None:
    """Rename `beside` to `paths`; what stands there goes to the folder `aside`, except where a rename replaces it."""
    for path in beside:
        _to_disk(path)
    try:
        if len(paths) > 1 or paths[0].is_dir():
            for path in paths:
                if path.exists():
                    path.rename(aside / path.name)
        for source, path in zip(beside, paths, strict=True):
            source.replace(path)
    except BaseException:  # a Ctrl-C too
        for source in aside.iterdir():
            source.replace(paths[0].with_name(source.name))
        raise


def _to_disk(path: Path) -> None:
    """Have the system write out every file: after a power cut, a renamed file could else be an empty one."""
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as stream:
                os.fsync(stream)
