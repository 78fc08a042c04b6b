"""Commands on annotations: convert, check-annotations, ud-vtb."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import ViNerError, visible
from .app import app
from .screen import busy, msg

if TYPE_CHECKING:
    from ..convert import Conversion


class Source(str, Enum):
    """The form of annotations that `convert` reads."""

    doccano = "doccano"
    conll = "conll"


@app.command("convert")
def convert_cli(
    annotations: Path = typer.Argument(..., help="Doccano export (.jsonl, .zip), CoNLL file, or a folder of them"),
    output: Path = typer.Option(Path("corpus"), "-o", "--output", help="Folder for the DocBins"),
    source: Source = typer.Option("doccano", "--from", help="The form of the annotations"),
    articles: Path | None = typer.Option(None, help="The articles that were annotated (.jsonl or folder)"),
    labels: Path = typer.Option(Path("annotations/labels.json"), help="The list of labels"),
    offset_unit: str | None = typer.Option(None, help="codepoint, utf16 or grapheme"),
    annotator: str | None = typer.Option(None, help="Whose version counts where several differ"),
    without_furniture: bool = typer.Option(
        False, "--without-furniture", help="Leave the furniture of ingested articles out of training and scores"
    ),
    max_rejected: float = typer.Option(0.01, help="Share of gold spans that may be lost"),
    label_map: Path | None = typer.Option(None, "--map", help="CoNLL: JSON from its labels to ours; null leaves out"),
    published_sides: bool = typer.Option(False, help="CoNLL: keep the sides of train…, dev… and test… files"),
    tag_column: int | None = typer.Option(None, help="CoNLL: column with the tags, from 1 (default: the last)"),
) -> None:
    """Convert annotations to train, dev and test DocBins, with an account of every span."""
    from ..convert import convert
    from ..published import convert_conll

    same: dict[str, Any] = {"articles": articles, "labels": labels, "output": output, "max_rejected": max_rejected}
    with busy("Converting"):
        if source == Source.conll:
            account = convert_conll(
                annotations, label_map=label_map, published_sides=published_sides, tag_column=tag_column, **same
            )
        else:
            account = convert(
                annotations,
                offset_unit=offset_unit,
                annotator=annotator,
                without_furniture=without_furniture,
                **same,
            )
    print_account(account)
    msg.good("Sides written; every change and cluster is in conversion.json", output)


def print_account(account: Conversion) -> None:
    """The sides of a conversion, and what became of the spans."""
    from ..split import SIDES

    names = sorted({label for side in account.sides.values() for label in side["labels"]})
    columns = ["documents", "groups", "syllables", "median_length", "longest"]
    msg.table(
        [
            [
                side,
                *(account.sides[side][c] for c in columns),
                *(account.sides[side]["labels"].get(n, 0) for n in names),
            ]
            for side in SIDES
        ],
        header=["Side", "Documents", "Groups", "Syllables", "Median", "Longest", *names],
        aligns=["l"] + ["r"] * (len(columns) + len(names)),
        divider=True,
    )
    msg.table(
        {
            "Documents in": account.documents_in,
            "Documents set aside": len(account.documents_set_aside),
            **{f"Spans left out: {label}": count for label, count in account.labels_left_out.items()},
            "Gold spans in": account.spans_in,
            "  converted": account.spans_converted,
            "  repaired": len(account.repaired),
            "  rejected": len(account.rejected),
            **({"  left out, in furniture": len(account.left_out)} if account.left_out else {}),
            "Clusters linked by near-duplicates": sum(len(cluster.groups) > 1 for cluster in account.clusters),
        }
    )
    print_changes(account)


def print_changes(account: Conversion) -> None:
    """The first spans that did not stay as they came."""
    for change in [*account.rejected, *account.repaired][:10]:
        msg.warn(f"{change.doc_id}: {change.text!r} ({change.label}): {change.reason}")


@app.command("check-annotations")
def check_annotations_cli(
    annotations: Path = typer.Argument(..., help="Annotations: .jsonl, .zip or a folder of them"),
    offset_unit: str | None = typer.Option(None, help="codepoint, utf16 or grapheme"),
    show: int = typer.Option(20, help="How many findings to print of each kind"),
) -> None:
    """Check annotations against the guidelines; exit code 1 where a rule is broken."""
    from ..check import check_annotations
    from ..records import read_annotations

    findings = check_annotations(read_annotations(annotations, offset_unit=offset_unit))
    for kind, title in (("rule", "A rule is broken"), ("read", "Worth a second look")):
        found = [finding for finding in findings if finding.kind == kind]
        msg.divider(f"{title}: {len(found)}")
        for finding in found[:show]:
            print(visible(f"{finding.doc_id}  {finding.text!r} ({finding.label}): {finding.message}"))
    broken = sum(finding.kind == "rule" for finding in findings)
    if broken:
        raise ViNerError(f"{broken} spans break a rule of the guidelines.", where=str(annotations), fix="Mend them.")
    msg.good("No rule is broken", annotations)


@app.command("ud-vtb")
def treebank_cli(
    treebank: Path = typer.Argument(Path("assets/ud-vtb"), help="Folder with the treebank's .conllu files"),
    layer: Path = typer.Option(Path("annotations/ud-vtb.jsonl"), help="The entity layer"),
    output: Path = typer.Option(Path("corpus/ud-vtb"), "-o", "--output", help="Folder for the DocBins"),
    labels: Path = typer.Option(Path("annotations/labels.json"), help="The list of labels"),
) -> None:
    """Join the entity layer with UD_Vietnamese-VTB to train, dev and test DocBins."""
    from ..treebank import convert_treebank

    account = convert_treebank(layer, treebank, labels=labels, output=output)
    print_account(account)
    msg.good("Sides written", output)
