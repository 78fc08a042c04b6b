"""Commands around Doccano: doccano, doccano-push, doccano-pull, agreement, adjudicate."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import srsly
import typer

from ..errors import visible
from .app import app
from .screen import busy, msg, percent

if TYPE_CHECKING:
    from ..agreement import Agreement, Pair
    from ..records import Annotation

ROOT = Path()
LABELS = typer.Option(Path("annotations/labels.json"), help="The list of labels")
PROJECT = typer.Option(..., help="Name of the Doccano project")


def say_building(name: str) -> None:
    """Environments are built once, and that takes a while."""
    msg.info(f"Building .venv-{name}, once (up to a minute)")


@app.command("doccano")
def doccano_cli(
    port: int = typer.Option(8000, help="Port on 127.0.0.1"),
    data: Path = typer.Option(Path(".doccano"), help="Folder for the server's data and secrets"),
) -> None:
    """Run a Doccano server on this machine until Ctrl-C."""
    from ..server import running_server
    from ..settings import SECRETS, read_settings
    from ..venvs import environment

    # Another process's request to stop ends the block below like Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    python = environment("doccano", root=ROOT, building=say_building)
    print("Starting Doccano ...", flush=True)
    try:
        with running_server(python, data=data, port=port, settings=read_settings(ROOT)) as server:
            msg.good(f"Doccano runs at {server.url}")
            msg.text(f"User admin, its password is in {data / SECRETS}. Ctrl-C stops it; the data are kept.")
            sys.stdout.flush()  # whoever reads it through a pipe waits for the address
            while True:
                server.check()
                time.sleep(0.5)
    except KeyboardInterrupt:
        msg.good("Doccano is stopped")


@app.command("doccano-push")
def push_cli(
    articles: Path = typer.Argument(Path("corpus/articles"), help="Articles: .jsonl or a folder of them"),
    project: str = PROJECT,
    suggest: str | None = typer.Option(None, help="Trained pipeline that marks entities beforehand (with --shared)"),
    shared: bool = typer.Option(False, "--shared", help="All annotators work on one version of each document"),
    without_furniture: bool = typer.Option(
        False, "--without-furniture", help="Show annotators ingested articles without link lists and footers"
    ),
    annotators: str = typer.Option("", help="Members, comma-separated; new users get a password"),
    labels: Path = LABELS,
    guidelines: Path = typer.Option(Path("annotations/guidelines.md"), help="Shown as the project's guideline"),
) -> None:
    """Bring articles into a Doccano project, each once; run it again after anything that went wrong."""
    from ..push import PASSWORDS, push_articles
    from ..settings import LOCAL_DATA

    with busy("Pushing"):
        push = push_articles(
            articles,
            project=project,
            labels=labels,
            guidelines=guidelines,
            root=ROOT,
            suggest=suggest,
            shared=shared,
            furniture=not without_furniture,
            annotators=[name.strip() for name in annotators.split(",") if name.strip()],
            building=say_building,
        )
    msg.good(f"{push.sent} documents sent; {push.documents} are there, each once, text for text", push.address)
    if push.removed:
        msg.warn(f"{push.removed} further copies that nobody had worked on were removed")
    if push.left_out:
        msg.warn(f"{len(push.left_out)} articles are nothing but furniture and were not sent", push.left_out[0])
    if push.without_suggestions:
        msg.warn(f"{len(push.without_suggestions)} documents arrived without suggestions", push.without_suggestions[0])
    if push.members:
        msg.info(f"New users: {', '.join(push.members)}; their passwords are in {LOCAL_DATA / PASSWORDS}")


@app.command("doccano-pull")
def pull_cli(
    project: str = PROJECT,
    output: Path = typer.Option(Path("annotations/doccano.jsonl"), "-o", "--output", help="JSONL file to write"),
    only: str | None = typer.Option(None, help="`confirmed` or `approved`: leave other versions out"),
) -> None:
    """Download every version of every document that somebody worked on."""
    from ..pull import pull_annotations

    with busy("Pulling"):
        pull = pull_annotations(project, output, root=ROOT, only=only, building=say_building)
    names = ", ".join(f"{name or '(nobody confirmed)'} {count}" for name, count in pull.annotators.items())
    msg.good(f"{pull.rows} versions of {pull.documents} documents ({names or 'none'})", output)
    msg.text(f"{pull.untouched} untouched copies were left out: they are no gold.")
    if pull.kept:
        msg.info(f"The earlier file is now {pull.kept}")
    if pull.left:
        msg.warn(f"Left out: versions of {', '.join(pull.left)}, no longer in the project. Make them members again.")


@app.command("agreement")
def agreement_cli(
    annotations: list[Path] = typer.Argument(..., help="Pulled annotations, one file or several"),
    output: Path = typer.Option(
        Path("annotations/agreement"), "-o", "--output", help="Folder for the page and the rows"
    ),
) -> None:
    """How far annotators agree, and a page with every disagreement."""
    from ..agreement import KINDS, agreement
    from ..convert import news_tokenizer
    from ..disagreements import agreement_page, disagreement_rows
    from ..files import replacing_files

    result = agreement(read_versions(annotations), news_tokenizer())
    names = list(result.labels)
    rows = [[visible(" - ".join(pair.annotators)), pair.documents, *scores(pair, names)] for pair in result.pairs] + [
        ["mean", result.documents, *scores(result, names)]
    ]
    msg.table(
        rows,
        header=["Annotators", "Documents", "F strict", "F overlap", "Kappa", *names],
        aligns=["l", *"r" * (4 + len(names))],
        divider=True,
    )
    kinds = ", ".join(f"{kind} {sum(d.kind == kind for d in result.disagreements)}" for kind in KINDS)
    msg.text(f"{result.identical} of {result.documents} documents are identical. Disagreements: {kinds}")
    with replacing_files(output / "agreement.html", output / "disagreements.jsonl") as (page, rows_file):
        page.write_text(agreement_page(result), encoding="utf8")
        srsly.write_jsonl(rows_file, disagreement_rows(result))
    msg.good("Page and rows written", output)


@app.command("adjudicate")
def adjudicate_cli(
    annotations: list[Path] = typer.Argument(..., help="Pulled annotations, one file or several"),
    project: str = typer.Option(..., help="Name of the Doccano project to decide in"),
    output: Path = typer.Option(Path("annotations/gold.jsonl"), "-o", "--output", help="JSONL file for the gold"),
    labels: Path = LABELS,
) -> None:
    """Decide between versions in Doccano; run it again to fetch what was decided."""
    from ..adjudicate import adjudicate

    with busy("Sending what differs, fetching what is decided"):
        result = adjudicate(
            read_versions(annotations), project=project, labels=labels, output=output, root=ROOT, building=say_building
        )
    msg.good(
        f"Gold of {result.agreed + result.decided} documents: {result.agreed} agreed, {result.decided} decided", output
    )
    for doc_id, spans in result.unresolved.items():
        msg.warn(f"{doc_id} is confirmed, but spans still overlap: {spans}")
    if result.kept:
        msg.info(f"The earlier file is now {result.kept}")
    if result.waiting:
        msg.info(f"{result.waiting} documents wait at {result.address}. Decide them there and run this command again.")


def read_versions(paths: list[Path]) -> list[Annotation]:
    """The annotations of several files."""
    from ..records import read_annotations

    return [annotation for path in paths for annotation in read_annotations(path)]


def scores(result: Agreement | Pair, labels: list[str]) -> list[str]:
    """Percentages for a row of the table, a dash where there is none."""
    values = [result.strict, result.overlap, result.kappa, *(result.labels.get(label) for label in labels)]
    return ["-" if value is None else percent(value) for value in values]
