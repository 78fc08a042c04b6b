"""The evaluation report: report."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import ViNerError
from .app import app
from .docbins import read_docs
from .screen import busy, msg, percent, progress

if TYPE_CHECKING:
    from ..report.apart import Apart
    from ..report.build import Inputs, Report
    from ..report.cases import Case, Entity

# Exit codes for CI; 1 is a mistake in the input, 2 one in the options.
BELOW, WORSE = 3, 4


@app.command("report")
def report_cli(
    model: str = typer.Argument(..., help="Trained pipeline: path or package"),
    gold: Path = typer.Argument(..., help="DocBin with gold spans"),
    output: Path = typer.Option(..., "-o", "--output", help="Folder for report.html, report.json and report.md"),
    compare: str | None = typer.Option(None, help="Pipeline, or report.json of one, to compare with"),
    run: list[str] = typer.Option([], help="Further run (seed) for mean and deviation; may be given several times"),
    train: Path | None = typer.Option(None, help="DocBin of the training side: seen and unseen, leakage, advice"),
    conversion: Path | None = typer.Option(None, help="conversion.json: what was lost in conversion"),
    labels: Path = typer.Option(Path("annotations/labels.json"), help="Names and colours of the labels"),
    fail_under: float | None = typer.Option(None, help=f"Exit code {BELOW} if strict F is under this (0 to 100)"),
    fail_if_worse: bool = typer.Option(False, help=f"Exit code {WORSE} if clearly worse than --compare"),
) -> None:
    """Where a pipeline is right and wrong: a page, the same as JSON, and a summary in Markdown."""
    from ..inputs import unchanged
    from ..records import read_label_types
    from ..report.build import build_report

    check_gates(fail_under=fail_under, fail_if_worse=fail_if_worse, compare=compare)
    read = [Path(model), gold, labels, *(path for path in (train, conversion) if path)]
    with unchanged(*read):  # most are read twice: for what is in them, and for their digest
        colours = read_label_types(labels)
        inputs = gather(model, gold, compare=compare, runs=run, train=train, conversion=conversion)
    with busy("Computing the report"):
        report = build_report(inputs)
        del inputs
        write(report, output, colours)
    print_summary(report)
    msg.good("Report written", output)
    judge(report, fail_under=fail_under, fail_if_worse=fail_if_worse)


def gather(
    model: str, gold: Path, *, compare: str | None, runs: Sequence[str], train: Path | None, conversion: Path | None
) -> Inputs:
    """Read and predict everything that the report is computed from."""
    from ..augment import FORMS
    from ..report.apart import loaded
    from ..report.build import Inputs
    from ..report.cases import in_form
    from ..report.curves import read_learning_curve, read_training_log
    from ..report.provenance import trace
    from ..report.sides import read_conversion

    cases = read_cases(gold)
    lost = read_conversion(conversion) if conversion else None
    training_side = read_cases(train) if train else None
    forms = {name: in_form(cases, name) for name in FORMS}
    with loaded(model) as pipeline:
        about = pipeline.about
        beside = Path(about.path or ".").parent
        curves = read_training_log(beside / "training.jsonl"), read_learning_curve(beside / "learning-curve.json")
        begin = time.perf_counter()
        predicted = find(pipeline, cases, what="documents")
        seconds = time.perf_counter() - begin
        found = find_in_forms(pipeline, forms)
    others, other_forms = compared(compare, cases, forms) if compare else (None, None)
    further = {path: predictions(path, cases) for path in runs}
    command = shlex.join(["python", "-m", "vi_ner", *sys.argv[1:]])
    return Inputs(
        cases=cases,
        predicted=predicted,
        provenance=trace(about, gold, train, command=command, seconds=seconds, cases=cases),
        train=training_side,
        forms={name: (forms[name], found[name]) for name in forms},
        other=(compare, others) if compare and others is not None else None,
        other_forms=other_forms,
        runs=further,
        training=curves[0],
        learning=curves[1],
        conversion=lost,
    )


def check_gates(*, fail_under: float | None, fail_if_worse: bool, compare: str | None) -> None:
    """RAISES (ViNerError): A gate that could never close, or never open."""
    if fail_under is not None and not 1 < fail_under <= 100:
        raise ViNerError(f"--fail-under is {fail_under}, expected a percentage from 1 to 100.", fix="Give 85 for F 85.")
    if fail_if_worse and not compare:
        raise ViNerError("--fail-if-worse: worse than what?", fix="Give the other pipeline or report with --compare.")


def judge(report: Report, *, fail_under: float | None, fail_if_worse: bool) -> None:
    """Exit with the code of the first gate that is shut."""
    from ..report.matching import STRICT

    f = 100 * report.scores[STRICT].micro.f
    if fail_under is not None and f < fail_under:
        msg.fail(f"Strict F is {f:.2f}, under {fail_under:g}")
        raise typer.Exit(BELOW)
    if fail_if_worse and report.comparison and report.comparison.micro.high < 0:
        low, high = 100 * report.comparison.micro.low, 100 * report.comparison.micro.high
        msg.fail(f"Clearly worse than {report.comparison.other}: 95 % interval {low:+.1f} to {high:+.1f}")
        raise typer.Exit(WORSE)


def read_cases(path: Path) -> list[Case]:
    """The documents of a DocBin.

    RAISES (ViNerError): There is none, or one without documents.
    """
    from spacy.vocab import Vocab

    from ..report.cases import read_case

    cases = [read_case(doc, number) for number, doc in enumerate(read_docs(path, Vocab()), start=1)]
    if not cases:
        raise ViNerError("Not one document in it.", where=str(path), fix="Convert again, with more documents.")
    return cases


def find(pipeline: Apart, cases: Sequence[Case], *, what: str) -> list[tuple[Entity, ...]]:
    """The predictions for all cases, behind a bar."""
    from ..report.cases import read_only

    found = progress(pipeline.predict(case.text for case in cases), unit=what, total=len(cases))
    return [read_only(case, entities) for case, entities in zip(cases, found, strict=True)]


def find_in_forms(pipeline: Apart, forms: Mapping[str, Sequence[Case]]) -> dict[str, list[tuple[Entity, ...]]]:
    """The predictions for the cases in every form."""
    return {name: find(pipeline, cases, what=f"documents ({name})") for name, cases in forms.items()}


def compared(
    path: str, cases: Sequence[Case], forms: Mapping[str, Sequence[Case]]
) -> tuple[list[tuple[Entity, ...]], dict[str, list[tuple[Entity, ...]]] | None]:
    """The predictions of another pipeline, in every form too, or those kept in its report.json, which has no forms."""
    from ..report.apart import loaded

    if is_report(path):
        return predictions(path, cases), None
    with loaded(path) as pipeline:
        return find(pipeline, cases, what=f"documents ({Path(path).name})"), find_in_forms(pipeline, forms)


def is_report(path: str) -> bool:
    """Whether this is a report and not a pipeline."""
    return path.endswith(".json")


def predictions(path: str, cases: Sequence[Case]) -> list[tuple[Entity, ...]]:
    """The predictions of another pipeline, or those kept in its report.json.

    RAISES (ViNerError): A report on other documents.
    """
    from ..report.apart import loaded
    from ..report.build import read_report

    if not is_report(path):
        with loaded(path) as pipeline:
            return find(pipeline, cases, what=f"documents ({Path(path).name})")
    known = {(result.doc_id, result.text): result.predicted for result in read_report(Path(path)).results}
    missing = [case.doc_id for case in cases if (case.doc_id, case.text) not in known]
    if missing:
        raise ViNerError(
            f"{len(missing)} of {len(cases)} documents are not in this report, {missing[0]!r} among them.",
            where=path,
            fix="Compare reports on the same gold, or give the pipeline itself.",
        )
    return [known[case.doc_id, case.text] for case in cases]


def write(report: Report, output: Path, labels: Iterable[dict[str, str]]) -> None:
    """All three files, or none of them."""
    from ..files import replacing_files
    from ..report.build import schema
    from ..report.render import render_html, render_markdown

    contents = {
        "report.html": render_html(report, list(labels)).encode("utf8"),
        "report.json": schema().dump_json(report, indent=1),
        "report.md": render_markdown(report).encode("utf8"),
    }
    with replacing_files(*(output / name for name in contents)) as paths:
        for path, content in zip(paths, contents.values(), strict=True):
            path.write_bytes(content)


def print_summary(report: Report) -> None:
    """The headline, and the errors by kind."""
    for way, matching in report.scores.items():
        score = matching.micro
        print(f"{way:8} F {percent(score.f)} ({percent(score.f_low)}-{percent(score.f_high)})")
    if report.comparison:
        change = report.comparison.micro
        print(f"Against {report.comparison.other}: F {100 * change.difference:+.1f} ", end="")
        print(f"({100 * change.low:+.1f} to {100 * change.high:+.1f}), McNemar p {report.comparison.mcnemar.p:.3g}")
    msg.table({kind: count for kind, count in report.kinds.items() if kind != "correct"}, header=("Errors", "Count"))
