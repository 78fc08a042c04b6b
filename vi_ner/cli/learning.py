"""What training data is worth: subset, learning-curve."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import srsly
import typer

from ..errors import ViNerError
from .app import app
from .docbins import examples, read_docs
from .screen import msg, percent


@app.command("subset")
def subset_cli(
    docbin: Path = typer.Argument(..., help="DocBin with gold spans"),
    output: Path = typer.Option(..., "-o", "--output", help="DocBin to write"),
    share: float = typer.Option(1.0, min=0.0, max=1.0, help="Share of the groups of documents to keep"),
    form: str | None = typer.Option(None, help="Keep documents of this form only, such as `raw`"),
) -> None:
    """Keep a part of a DocBin, to train on it."""
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    from ..files import replacing_file
    from ..subset import subset

    docs = list(read_docs(docbin, Vocab()))
    kept = list(subset(docs, share=share, form=form))
    if not kept:
        raise ViNerError("No document is left.", where=str(docbin), fix="Take a larger --share, or another --form.")
    with replacing_file(output) as path:
        DocBin(attrs=["ENT_IOB", "ENT_TYPE"], store_user_data=True, docs=kept).to_disk(path)
    msg.good(f"{len(kept)} of {len(docs)} documents kept", output)


@app.command("learning-curve")
def learning_curve_cli(
    models: list[Path] = typer.Argument(..., help="Pipelines trained on more and more of one training side"),
    gold: list[Path] = typer.Option(..., help="DocBin to score them on; may be given several times"),
    output: Path = typer.Option(
        ..., "-o", "--output", help="learning-curve.json to write; a picture of each gold is put beside it"
    ),
) -> None:
    """How scores grow with the training data: is more of the same still worth it, and which label needs what?"""
    from spacy.vocab import Vocab

    from ..evaluate import evaluate
    from ..files import replacing_file
    from ..inputs import unchanged
    from ..report.charts import learning_curve
    from ..report.curves import EVERYTHING, CurvePoint
    from ..tag import load_pipeline

    points = []
    with unchanged(*gold):
        for model in models:
            nlp = load_pipeline(model)
            documents = sum(1 for _ in read_docs(Path(nlp.config["paths"]["train"]), Vocab()))
            for side in gold:
                result = evaluate(examples(nlp, side))
                scores = {EVERYTHING: result.overall, **result.labels}
                points += [
                    CurvePoint(documents, str(side), label, score.f, score.f_low, score.f_high)
                    for label, score in scores.items()
                ]
    with replacing_file(output) as path:
        srsly.write_json(path, [asdict(point) for point in points])
    for side in gold:
        picture = output.with_name(f"{output.stem}-{side.parent.name}-{side.stem}.svg")
        with replacing_file(picture) as path:
            learning_curve([point for point in points if point.gold == str(side)]).figure.savefig(path, format="svg")
    rows = [[p.gold, p.label, p.documents, percent(p.f), f"{percent(p.f_low)}-{percent(p.f_high)}"] for p in points]
    header = ["Gold", "Label", "Documents", "F", "95 % interval"]
    msg.table(sorted(rows, key=lambda row: row[:3]), header=header, aligns=list("llrrr"), divider=True)
    msg.good("Learning curve written", output)
