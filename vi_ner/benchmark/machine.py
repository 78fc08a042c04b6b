"""What figures were measured on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("spacy", "spacy-transformers", "thinc", "torch", "transformers", "accelerate", "underthesea")
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve")
LIMITS = ("ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "OMP_NUM_THREADS")


@dataclass(frozen=True)
class Machine:
    """The CPU, what of it the benchmark could use, and the versions of what ran.

    cores: That this process may use. instructions: Those of `INSTRUCTIONS` that the CPU has. bfloat16: Whether it pays
    (`fastcpu.has_bfloat16`). limits: Environment variables that hold libraries back.
    """

    cpu: str
    cores: int
    memory_gb: float
    instructions: tuple[str, ...]
    bfloat16: bool
    system: str
    python: str
    versions: dict[str, str]
    limits: dict[str, str]

    def __str__(self) -> str:
        has = "/".join(self.instructions[-2:]) or "no vector instructions known"
        held = "".join(f", {name}={value}" for name, value in self.limits.items())
        names = ("spacy", "torch", "transformers")
        software = ", ".join(f"{name} {self.versions[name]}" for name in names if name in self.versions)
        return f"{self.cpu}, {self.cores} cores ({has}{held}), {self.memory_gb:.0f} GB; {software}"


def this_machine() -> Machine:
    """What this process runs on."""
    from ..fastcpu import has_bfloat16

    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf8").splitlines() if info.is_file() else []
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = facts.get("flags", facts.get("Features", "")).split()
    return Machine(
        cpu=facts.get("model name") or platform.processor() or platform.machine(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        instructions=tuple(name for name in INSTRUCTIONS if name in flags),
        bfloat16=has_bfloat16(),
        system=platform.platform(),
        python=platform.python_version(),
        versions={name: found for name in PACKAGES if (found := _version(name))},
        limits={name: os.environ[name] for name in LIMITS if name in os.environ},
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
