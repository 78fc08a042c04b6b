"""A disk of a few pages that really is full: a tmpfs, in a mount namespace of its own that ends with its process."""

from __future__ import annotations

import ctypes
import math
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

PAGE = 4096  # bytes that a file's size is rounded up to


@dataclass(frozen=True)
class Disk:
    """A small disk mounted on `folder`, for those alone who have entered it."""

    folder: Path
    holder: int

    def enter(self) -> None:
        """From here on this process, which has one thread, sees it."""
        here = Path.cwd()
        handle = os.open(f"/proc/{self.holder}/ns/mnt", os.O_RDONLY)
        if ctypes.CDLL(None, use_errno=True).setns(handle, 0):
            raise OSError(ctypes.get_errno(), "setns")
        os.close(handle)
        os.chdir(here)

    @property
    def seen(self) -> Path:
        """The folder as those outside see it."""
        return Path(f"/proc/{self.holder}/root{self.folder}")

    def resize(self, *, pages: int, files: int = 0) -> None:
        """Room for so many pages and files from here on; 0 files: any number."""
        enter = ["nsenter", "--mount", f"--target={self.holder}", "mount", "-o"]
        subprocess.run([*enter, f"remount,size={pages * PAGE},nr_inodes={files}", self.folder], check=True)


@contextmanager
def small_disk(folder: Path, *, pages: int, files: int = 0) -> Iterator[Disk]:
    """An empty disk on `folder`, which is made."""
    folder.mkdir()
    mount = f'mount -t tmpfs -o size={pages * PAGE},nr_inodes={files} none "$0" && echo mounted && read _'
    command = ["unshare", "--mount", "sh", "-c", mount, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "mounted\n"
        yield Disk(folder, holder.pid)


def pages(folder: Path) -> int:
    """How many pages the files below take."""
    return sum(math.ceil(path.stat().st_size / PAGE) for path in folder.rglob("*") if path.is_file())


__all__ = ["Disk", "pages", "partial", "small_disk"]
