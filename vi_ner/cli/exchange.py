"""Commands that write annotations for other tools: export."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import typer

from .app import app
from .corpus import print_changes
from .docbins import read_docs
from .screen import busy, msg


class Target(str, Enum):
    """The forms that `export` writes."""

    conll = "conll"


@app.command("export")
def export_cli(
    annotations: Path = typer.Argument(
        ..., help="Annotations or tagged texts (.jsonl, .zip, folder), or a .spacy file"
    ),
    output: Path = typer.Option(..., "-o", "--output", help="File to write"),
    _to: Target = typer.Option("conll", "--to", help="The form to write"),
    offset_unit: str | None = typer.Option(None, help="codepoint, utf16 or grapheme"),
    annotator: str | None = typer.Option(None, help="Whose version counts where several differ"),
) -> None:
    """Write annotations as CoNLL (token, gap, tag); `convert --from conll` reads the same texts and spans from it."""
    import spacy

    from ..export import doc_annotation, export_conll
    from ..records import read_annotations

    with busy("Exporting"):
        if annotations.suffix == ".spacy":
            versions = [doc_annotation(doc) for doc in read_docs(annotations, spacy.blank("xx").vocab)]
        else:
            versions = read_annotations(annotations, offset_unit=offset_unit)
        account = export_conll(versions, output, annotator=annotator)
    print_changes(account)
    msg.good(
        f"{account.documents_converted} documents and "
        f"{account.spans_in - len(account.rejected)} of {account.spans_in} spans",
        output,
    )
