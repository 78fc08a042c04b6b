"""What goes wrong around a command; most of it is called in the new process, before the command begins."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from debian import install

PLENTY = 100_000
PAGE = 4096  # bytes that a small disk gives at a time
WRITING = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "shutil.copyfile"}
TAKEN: list[bytearray] = []
FAKETIME = "faketime/libfaketimeMT.so.1"  # the kernel has one clock for all, and this one is moved for a process


def writes(event: str, details: tuple[Any, ...]) -> bool:
    """Whether an audit event is about a file operation that changes something."""
    return event in WRITING or (event == "open" and isinstance(details[1], str) and bool(set("wax+") & set(details[1])))


@dataclass(frozen=True)
class Disk:
    """A small disk on `folder`, for those alone who have entered it: a mount that ends with the process `holder`."""

    folder: Path
    holder: int

    def enter(self) -> None:
        """From here on this process, which has one thread, sees it."""
        here, libc = Path.cwd(), ctypes.CDLL(None, use_errno=True)
        with Path(f"/proc/{self.holder}/ns/mnt").open("rb") as space:
            if libc.setns(space.fileno(), 0):
                raise OSError(ctypes.get_errno(), "setns")
        os.chdir(here)

    @property
    def seen(self) -> Path:
        """The folder as those outside see it."""
        return Path(f"/proc/{self.holder}/root{self.folder}")

    def clear(self) -> None:
        """Remove everything on it."""
        for path in self.seen.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def resize(self, *, pages: int = PLENTY, files: int = PLENTY) -> None:
        """Room for so many pages, and so many files and folders."""
        options = f"remount,size={pages * PAGE},nr_inodes={files}"
        subprocess.run(
            ["nsenter", "--mount", f"--target={self.holder}", "mount", "-o", options, self.folder], check=True
        )


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """An empty disk on `folder`, which is made."""
    folder.mkdir()
    script = 'mount -t tmpfs -o nr_inodes=100000 none "$0" && echo mounted && read _'
    command = ["unshare", "--mount", "sh", "-c", script, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "mounted\n"
        yield Disk(folder, holder.pid)


def change(path: Path, content: bytes, time: int) -> None:
    """Another process writes the file when it is opened for reading for the so-manieth time."""
    opened = 0

    def watch(event: str, details: tuple[Any, ...]) -> None:
        nonlocal opened
        if event == "open" and not writes(event, details) and isinstance(details[0], (str, os.PathLike)):
            opened += Path(details[0]).absolute() == path
            if opened == time:
                opened += 1
                path.write_bytes(content)

    sys.addaudithook(watch)


def clock_set_back() -> None:
    """With the first file operation it is 56 years earlier, as with a dead battery, and files are from the future.

    Needs processes that `movable_clock` has begun.
    """

    def watch(event: str, details: tuple[Any, ...]) -> None:
        if writes(event, details):
            os.environ["FAKETIME"] = "-56y"

    sys.addaudithook(watch)


def movable_clock() -> dict[str, str]:
    """Variables with which a process is begun whose clock `FAKETIME` moves; the times of files stay."""
    if not (found := sorted(Path("/usr/lib").glob(f"*/{FAKETIME}"))):
        install("libfaketime")
        found = sorted(Path("/usr/lib").glob(f"*/{FAKETIME}"))
    names = ("FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC", "FAKETIME_DISABLE_SHM", "NO_FAKE_STAT")
    return {"LD_PRELOAD": str(found[0]), **dict.fromkeys(names, "1")}


def memory(spare: int) -> None:
    """From here on this process gets so many bytes, and what it has already but does not use is taken."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit, (_, most) = pages * resource.getpagesize(), resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, most))
    for size in (1 << 20, 1 << 16, 1 << 12):
        with contextlib.suppress(MemoryError):
            while True:
                TAKEN.append(bytearray(size))
    resource.setrlimit(resource.RLIMIT_AS, (limit + spare, most))


def obey_permissions() -> None:
    """Root without its capabilities may do what the permissions say, like anybody else."""
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if os.geteuid() == 0 and ctypes.CDLL(None, use_errno=True).capset(header, none):
        raise OSError(ctypes.get_errno(), "capset")


def far_east() -> None:
    """The time zone in which it is tomorrow."""
    os.environ["TZ"] = "Pacific/Kiritimati"
    time.tzset()
