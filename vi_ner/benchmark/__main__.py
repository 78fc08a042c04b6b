"""Cases in this process, one after the other."""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

from vi_ner.benchmark.cases import Case, Result, Settings, UnavailableError, find_case


def run(case: Case, settings: Settings) -> Result:
    """Load the case, let it run once to warm up, and measure it."""
    began = time.perf_counter()
    try:
        task = case.prepare(settings, case.size)
    except UnavailableError as reason:
        return Result(case.group, case.name, unit=case.unit, size=case.size, unavailable=str(reason))
    load_s = time.perf_counter() - began
    once = case.once or bool(task.score and settings.passes)
    if not once:
        task.act()
    rates = []
    for _ in range(1 if once else settings.rounds):
        began = time.perf_counter()
        done = task.act()
        rates.append(done.amount / (time.perf_counter() - began))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    return Result(
        case.group,
        case.name,
        unit=case.unit,
        size=case.size,
        rates=tuple(rates),
        peak_mb=peak,
        load_s=load_s,
        f=task.score() if task.score and settings.passes else None,
        entities=tuple(done.entities),
    )


def main() -> None:
    """`SETTINGS RESULTS CASE…`."""
    given, answer, *keys = sys.argv[1:]
    settings = Settings(**json.loads(Path(given).read_text(encoding="utf8")))
    results = [asdict(run(find_case(key), settings)) for key in keys]
    Path(answer).write_text(json.dumps(results), encoding="utf8")


if __name__ == "__main__":
    main()
