"""Fuzz the readers, one after another: `python tests/fuzz/run.py SECONDS FOUND [READER …]`.

SECONDS is the time for each reader; an input that breaks one is written to the folder FOUND, and the exit code is 1.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

import atheris

HERE = Path(__file__).parent


def fuzz(reader: str, *, seconds: str, found: Path) -> bool:
    """Whether a reader lasted so long; in a process of its own, which libFuzzer ends in its own way."""
    if child := os.fork():
        return os.waitpid(child, 0)[1] == 0

    def read(data: bytes) -> None:
        try:
            READERS[reader](data)
        except BaseException:
            (found / f"{reader}-{hashlib.sha1(data).hexdigest()[:8]}").write_bytes(data)
            raise

    limits = ["-max_len=4096", "-timeout=20", "-rss_limit_mb=2000", f"-max_total_time={seconds}"]
    options = [f"-artifact_prefix={found}/{reader}-", f"-dict={HERE / 'words.dict'}", "-print_final_stats=1"]
    folders = [tempfile.mkdtemp(), str(HERE / "corpus" / reader)]
    atheris.Setup([reader, *limits, *options, "-verbosity=0", *folders], read)
    atheris.Fuzz()
    raise AssertionError("libFuzzer does not come back")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    with atheris.instrument_imports(include=["vi_ner", "zipfile", "tarfile", "dotenv"]):
        from fuzz.readers import READERS
    seconds, found, *chosen = sys.argv[1:]
    lasted = [fuzz(reader, seconds=seconds, found=Path(found)) for reader in chosen or READERS]
    sys.exit(not all(lasted))
