"""The command that measures: benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import srsly
import typer

from ..errors import ViNerError
from .app import app
from .screen import msg, percent

if TYPE_CHECKING:
    from ..benchmark.cases import Result
    from ..benchmark.run import Benchmark


@app.command("benchmark")
def benchmark_cli(
    model: Path = typer.Argument(Path("training/default/model-best"), help="Trained pipeline"),
    encoder: Path = typer.Option(Path("assets/encoder"), help="Prepared encoder"),
    config: Path = typer.Option(Path("configs/default.cfg"), help="Training config"),
    corpus: Path | None = typer.Option(
        None, help="Folder with train.spacy and dev.spacy (default: generated articles)"
    ),
    output: Path = typer.Option(Path("training/benchmark.json"), "-o", "--output", help="JSON to write"),
    plot: Path | None = typer.Option(None, help="Picture to write, .svg or .png"),
    cases: str = typer.Option(
        "training,tagging,conversion", help="Also: length, collection; or single ones: tagging/vi-ner"
    ),
    rounds: int | None = typer.Option(None, min=1, help="Rounds, of which the median counts"),
    train_words: int | None = typer.Option(None, help="Syllables that a round trains on; 0 for all"),
    tag_words: int | None = typer.Option(None, help="Syllables that a round tags; 0 for all"),
    sizes: str = typer.Option("", help="Sizes of the growth cases instead of their own, as in 1000,10000,100000"),
    passes: int = typer.Option(0, min=0, help="Train so many passes over the corpus and give the final F (long)"),
    seed: int = typer.Option(0, help="Seed of the training"),
    quick: bool = typer.Option(False, "--quick", help="Tiny sizes: does it run, not how fast"),
) -> None:
    """Speed and memory of the usual ways to train and tag, beside this project's, on this machine."""
    from dataclasses import replace

    from ..benchmark.run import QUICK, Sizes, benchmark
    from ..files import replacing_file

    chosen = QUICK if quick else Sizes()
    given: dict[str, Any] = {"rounds": rounds, "train_words": train_words, "tag_words": tag_words}
    chosen = replace(chosen, **{name: value for name, value in given.items() if value is not None})
    if sizes:
        growth = _numbers(sizes)
        chosen = replace(chosen, documents=growth, lengths=growth, collections=growth)
    if plot is not None and plot.suffix not in (".svg", ".png"):
        raise ViNerError("Not a picture that can be written.", where=str(plot), fix="Expected .svg or .png.")
    groups = [group.strip() for group in cases.split(",") if group.strip()]
    done = benchmark(
        model=model,
        encoder=encoder,
        config=config,
        groups=groups,
        sizes=chosen,
        corpus=corpus,
        passes=passes,
        seed=seed,
        watch=_watch,
    )
    _print(done)
    with replacing_file(output) as path:
        srsly.write_json(path, done.to_json())
    msg.good("Figures written", output)
    if plot is not None:
        _plot(done, plot)


def _numbers(sizes: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in sizes.split(","))
    except ValueError as error:
        raise ViNerError(f"Found --sizes {sizes}.", fix="Expected numbers, as in 1000,10000.") from error


def _watch(results: Iterator[Result], total: int) -> Iterator[Result]:
    for number, result in enumerate(results, start=1):
        size = f" {result.size:,}" if result.size else ""
        found = result.unavailable or f"{result.rate:,.0f} {result.unit}/s, {result.peak_mb:,.0f} MB"
        print(f"{number}/{total} {result.group} {result.case}{size}: {found}", flush=True)
        yield result


def _print(done: Benchmark) -> None:
    for group in dict.fromkeys(result.group for result in done.results):
        rows = [_row(done, result) for result in done.results if result.group == group]
        header = [group, "per second", "range", "times", "peak MB", "F", "entities as spaCy"]
        used = [i for i in range(len(header)) if i < 3 or any(row[i] for row in rows)]
        msg.table(
            [[row[i] for i in used] for row in rows],
            header=[header[i] for i in used],
            aligns=["l", *"r" * (len(used) - 1)],
            divider=True,
        )
    msg.text(f"On {done.machine}; texts: {done.settings['texts']}. A word is a syllable.")


def _row(done: Benchmark, result: Result) -> list[str]:
    name = f"{result.case} {result.size:,}" if result.size else result.case
    if result.unavailable:
        return [name, "", result.unavailable, "", "", "", ""]
    times = done.times(result)
    return [
        name,
        f"{result.rate:,.0f} {result.unit}",
        f"{min(result.rates):,.0f}-{max(result.rates):,.0f}",
        "" if times is None else f"{times:.2f}",
        f"{result.peak_mb:,.0f}",
        "" if result.f is None else percent(result.f),
        "" if result.same is None else f"{percent(result.same)} %",
    ]


def _plot(done: Benchmark, path: Path) -> None:
    from ..benchmark.plot import plot
    from ..files import replacing_file

    with replacing_file(path) as beside:
        plot(done, beside, file_type=path.suffix[1:])
    msg.good("Picture written", path)
