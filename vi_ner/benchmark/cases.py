"""The cases, measured in processes of their own: `python -m vi_ner.benchmark SETTINGS.json RESULTS.json CASE…`."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import ViNerError

PLAIN = "spacy"  # the case of a group that others are compared with
Entity = tuple[str, int, int, str]  # document id, first and last code point, label


class UnavailableError(Exception):
    """A case that this machine or this installation cannot run, and why."""


@dataclass(frozen=True)
class Settings:
    """What every case is told.

    train, dev: DocBins. texts: JSONL rows to tag. encoder, model, config: The prepared encoder, the trained pipeline,
    the training config. rounds: Measured repetitions, after one that is not. passes: Passes over `train` whose F on
    `dev` is wanted; 0 for speed alone. batch: Sentences in a batch where a tool has no better rule of its own.
    """

    train: str
    dev: str
    texts: str
    encoder: str
    model: str
    config: str
    rounds: int = 3
    passes: int = 0
    seed: int = 0
    batch: int = 16


@dataclass(frozen=True)
class Round:
    """What one repetition did: `amount` of the case's unit, and the entities it found, where it tags."""

    amount: int
    entities: Sequence[Entity] = ()


@dataclass(frozen=True)
class Task:
    """A loaded case. act: One repetition. score: Strict F of what was trained, where the case trains."""

    act: Callable[[], Round]
    score: Callable[[], float] | None = None


@dataclass(frozen=True)
class Result:
    """A measured case; `rates` per second, one for each round. `unavailable` says why there is none.

    size: Of a growth case, the number of documents or syllables of one. peak_mb: Largest resident memory of the process
    in 10^6 bytes. f: Strict F on the dev side after training. same: Share of entities equal to the plain case's.
    """

    group: str
    case: str
    unit: str = "words"
    size: int = 0
    rates: tuple[float, ...] = ()
    peak_mb: float = 0.0
    load_s: float = 0.0
    f: float | None = None
    same: float | None = None
    unavailable: str = ""
    entities: tuple[Entity, ...] = field(default=(), repr=False)

    @property
    def rate(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rates) if self.rates else 0.0


@dataclass(frozen=True)
class Case:
    """A case by name. prepare: Load everything, and give what is to be measured.

    once: Whether it is too long to be repeated or warmed up.
    """

    group: str
    name: str
    prepare: Callable[[Settings, int], Task]
    unit: str = "words"
    size: int = 0
    once: bool = False

    @property
    def key(self) -> str:
        """`group/name`, with `@size` where it has one."""
        return f"{self.group}/{self.name}" + (f"@{self.size}" if self.size else "")


def find_case(key: str) -> Case:
    """The case of a key.

    RAISES (KeyError): There is none.
    """
    from . import conversion, tagging, training

    group, _, rest = key.partition("/")
    name, _, size = rest.partition("@")
    known = {**training.CASES, **tagging.CASES, **conversion.CASES}
    return replace(known[group, name], size=int(size or 0))


def measure(keys: Sequence[str], settings: Settings, folder: Path, *, apart: bool = True) -> Iterator[Result]:
    """The results of cases, in their order, as each is ready.

    folder: For scratch files. apart: Each in a process of its own, so that memory is its own and nothing is warm.
    RAISES (ViNerError): A case fails.
    """
    given, answer = folder / "settings.json", folder / "results.json"
    given.write_text(json.dumps(asdict(settings)), encoding="utf8")
    plain: frozenset[Entity] = frozenset()
    for together in [[key] for key in keys] if apart else [list(keys)]:
        answer.unlink(missing_ok=True)
        command = [sys.executable, "-m", "vi_ner.benchmark", str(given), str(answer), *together]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf8", check=False)
        if done.returncode or not answer.is_file():
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise ViNerError(f"Ended with {done.returncode}: {' | '.join(lines[-3:])}", where=" ".join(together))
        for found in json.loads(answer.read_text(encoding="utf8")):
            entities = frozenset(tuple(entity) for entity in found.pop("entities"))
            is_plain = (found["group"], found["case"]) == ("tagging", PLAIN)
            plain = entities if is_plain else plain
            found["same"] = _share(entities, plain) if entities and plain and not is_plain else None
            yield Result(**{**found, "rates": tuple(found["rates"])})


def _share(ours: frozenset[Entity], theirs: frozenset[Entity]) -> float:
    return 2 * len(ours & theirs) / (len(ours) + len(theirs))


def content(result: Result) -> dict[str, Any]:
    """A result as JSON, with its median."""
    values: dict[str, Any] = asdict(result)
    del values["entities"]
    return values | {"rate": result.rate}
