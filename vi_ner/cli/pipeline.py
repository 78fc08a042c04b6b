"""Commands on a trained pipeline: evaluate, package, tag."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import srsly
import typer

from ..errors import ViNerError
from .app import app
from .docbins import examples
from .scale import tag_with_ray
from .screen import busy, msg, percent, progress


@app.command("evaluate")
def evaluate_cli(
    model: str = typer.Argument(..., help="Trained pipeline: path or package"),
    gold: Path = typer.Argument(..., help="DocBin with gold spans"),
    output: Path = typer.Option(..., "-o", "--output", help="metrics.json to write"),
) -> None:
    """Strict scores per label and overall, with intervals over groups of documents."""
    import spacy

    from ..evaluate import evaluate
    from ..files import replacing_file
    from ..inputs import unchanged
    from ..tag import load_pipeline

    nlp = load_pipeline(model)
    with unchanged(gold):
        result = evaluate(examples(nlp, gold))
        digest = hashlib.sha256(gold.read_bytes()).hexdigest()
    print_scores(asdict(result))
    content = asdict(result) | {
        "gold": gold.name,
        "gold_sha256": digest,
        "pipeline": f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}",
        "spacy": spacy.__version__,
    }
    with replacing_file(output) as path:
        srsly.write_json(path, content)
    msg.good("Scores written", output)


def print_scores(result: dict[str, Any]) -> None:
    """The table of an evaluation, in percent."""
    rows = [
        [
            label,
            percent(score["precision"]),
            percent(score["recall"]),
            percent(score["f"]),
            f"{percent(score['f_low'])}-{percent(score['f_high'])}",
            score["support"],
            score["lost"],
        ]
        for label, score in {**result["labels"], "all": result["overall"]}.items()
    ]
    header = ["Label", "Precision", "Recall", "F", "95 % interval", "Gold", "of it lost"]
    msg.table(rows, header=header, aligns=["l", *"rrrrrr"], divider=True)


@app.command("package")
def package_cli(
    model: Path = typer.Argument(..., help="Trained pipeline"),
    metrics: Path = typer.Argument(..., help="Its metrics.json"),
    output: Path = typer.Option(..., "-o", "--output", help="Folder for the package"),
    about: Path = typer.Option(Path("configs/about.json"), help="Facts for the model card"),
    name: str = typer.Option(..., help="Name without the language"),
    version: str = typer.Option(..., help="Version of the package"),
    data_card: Path | None = typer.Option(None, help="Markdown on the training data, to carry along"),
) -> None:
    """Build a wheel with a filled-in model card."""
    from ..package import package_pipeline

    with busy("Building the wheel"):
        wheel = package_pipeline(
            model=model,
            metrics=metrics,
            about=about,
            output=output,
            name=name,
            version=version,
            data_card=data_card,
        )
    msg.good(f"Wheel of {wheel.stat().st_size / 1e6:.0f} MB", wheel)


@app.command("tag")
def tag_cli(
    model: str = typer.Argument(..., help="Trained pipeline: path or package"),
    inputs: list[str] = typer.Argument(..., help=".txt or .jsonl files, folders, or - for standard input"),
    output: Path = typer.Option(..., "-o", "--output", help="JSONL file to write; with ray a folder of Parquet files"),
    engine: str = typer.Option("spacy", help="`spacy`, or `ray` for large collections (.jsonl or .parquet)"),
    workers: int | None = typer.Option(None, help="ray: how many (default: as many as there is room for)"),
    cpus: float = typer.Option(1, help="ray: CPUs for each worker"),
    gpus: float = typer.Option(0, help="ray: GPUs for each worker"),
    address: str | None = typer.Option(
        None, help="ray: a cluster (`auto`, `ray://host:10001`) in place of this machine"
    ),
) -> None:
    """Mark the entities of texts; offsets count code points of the text as it came."""
    if engine == "ray":
        tag_with_ray(model, inputs, output, workers=workers, cpus=cpus, gpus=gpus, address=address)
        return
    if engine != "spacy":
        raise ViNerError(f"There is no engine {engine!r}.", fix="Give `spacy` or `ray`.")
    from ..files import replacing_file
    from ..tag import load_pipeline, read_texts, tag

    nlp = load_pipeline(model)
    entities = documents = 0
    with replacing_file(output) as path, path.open("w", encoding="utf8", newline="\n") as stream:
        for row in progress(tag(nlp, read_texts(inputs)), unit="documents"):
            stream.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
            documents += 1
            entities += len(row["entities"])
    msg.good(f"{entities} entities in {documents} documents", output)
