"""Commands around Doccano: doccano, doccano-push, doccano-pull, agreement, adjudicate."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import typer
from wasabi import msg

from ..errors import ViNerError
from .app import app
from .screen import busy

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
            annotators=[name.strip() for name in annotators.split(",") if name.strip()],
            building=say_building,
        )
    msg.good(f"{push.sent} documents sent; {push.documents} are there, each once, text for text", push.address)
    if push.removed:
        msg.warn(f"{push.removed} further copies that nobody had worked on were removed")
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
