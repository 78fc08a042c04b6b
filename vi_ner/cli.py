"""The command line: the only module that prints or exits."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import srsly
import typer
from tqdm import tqdm
from wasabi import msg

from .errors import ViNerError

if TYPE_CHECKING:
    from .convert import Conversion

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
Item = TypeVar("Item")


def main() -> None:
    """Run the command line; a user's mistake ends with one message and exit code 1."""
    try:
        app()
    except ViNerError as error:
        msg.fail(f"{error.where}: {error.what}" if error.where else error.what, error.fix)
        sys.exit(1)


def progress(items: Iterable[Item], *, unit: str, total: int | None = None) -> Iterator[Item]:
    """A bar on a terminal, a plain line now and then elsewhere."""
    terminal = sys.stderr.isatty()
    pace: dict[str, Any] = {} if terminal else {"ascii": True, "mininterval": 10, "ncols": 80}
    yield from tqdm(items, unit=f" {unit}", total=total, **pace)


@contextmanager
def busy(what: str) -> Iterator[None]:
    """A spinner on a terminal, a plain line elsewhere."""
    if sys.stdout.isatty():
        with msg.loading(f"{what}..."):
            yield
    else:
        print(f"{what} ...", flush=True)
        yield


def percent(value: float) -> str:
    """A share between 0 and 1 as a percentage with one decimal."""
    return f"{100 * value:.1f}"


@app.command("encoder")
def encoder_cli(
    output: Path = typer.Argument(Path("assets/encoder"), help="Folder to write"),
    source: str = typer.Option("bundled", help="`bundled`, `hub`, a folder, or a name on the hub"),
    layers: int | None = typer.Option(None, help="Layers to keep, from below (default: 8 of the bundled, else all)"),
) -> None:
    """Prepare an encoder: trimmed to Vietnamese, exact offsets, centred output."""
    from .encoder import prepare_encoder

    with busy("Preparing the encoder"):
        report = prepare_encoder(source=source, output=output, layers=layers)
    msg.good(f"Encoder from {report.source}", output)
    msg.table(
        {
            "Layers": report.layers,
            "Word pieces kept": f"{report.pieces:,} of {report.source_pieces:,}",
            "Word pieces per syllable": f"{report.pieces_per_syllable:.2f}",
            "Unknown word pieces": f"{percent(report.unknown_share)} %",
            "Size": f"{report.megabytes:.0f} MB",
            "Output recentred": f"{'yes' if report.recentred else 'no'} (mean {report.mean_share:.2f} of the norm, "
            f"deviation {report.deviation:.2f})",
        }
    )


@app.command("convert")
def convert_cli(
    annotations: Path = typer.Argument(..., help="Doccano export: .jsonl, .zip or a folder of them"),
    output: Path = typer.Option(Path("corpus"), "-o", "--output", help="Folder for the DocBins"),
    articles: Path | None = typer.Option(None, help="The articles that were annotated (.jsonl or folder)"),
    labels: Path = typer.Option(Path("annotations/labels.json"), help="The list of labels"),
    offset_unit: str | None = typer.Option(None, help="codepoint, utf16 or grapheme"),
    annotator: str | None = typer.Option(None, help="Whose version counts where several differ"),
    max_rejected: float = typer.Option(0.01, help="Share of gold spans that may be lost"),
) -> None:
    """Convert annotations to train, dev and test DocBins, with an account of every span."""
    from .convert import convert

    with busy("Converting"):
        account = convert(
            annotations,
            articles=articles,
            labels=labels,
            output=output,
            offset_unit=offset_unit,
            annotator=annotator,
            max_rejected=max_rejected,
        )
    print_account(account)
    msg.good("Sides written; every change and cluster is in conversion.json", output)


def print_account(account: Conversion) -> None:
    """The sides of a conversion, and what became of the spans."""
    from .split import SIDES

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
            "Gold spans in": account.spans_in,
            "  converted": account.spans_converted,
            "  repaired": len(account.repaired),
            "  rejected": len(account.rejected),
            "Clusters linked by near-duplicates": sum(len(cluster.groups) > 1 for cluster in account.clusters),
        }
    )
    for change in [*account.rejected, *account.repaired][:10]:
        msg.warn(f"{change.doc_id}: {change.text!r} ({change.label}): {change.reason}")


@app.command("check-annotations")
def check_annotations_cli(
    annotations: Path = typer.Argument(..., help="Annotations: .jsonl, .zip or a folder of them"),
    offset_unit: str | None = typer.Option(None, help="codepoint, utf16 or grapheme"),
    show: int = typer.Option(20, help="How many findings to print of each kind"),
) -> None:
    """Check annotations against the guidelines; exit code 1 where a rule is broken."""
    from .check import check_annotations
    from .records import read_annotations

    findings = check_annotations(read_annotations(annotations, offset_unit=offset_unit))
    for kind, title in (("rule", "A rule is broken"), ("read", "Worth a second look")):
        found = [finding for finding in findings if finding.kind == kind]
        msg.divider(f"{title}: {len(found)}")
        for finding in found[:show]:
            print(f"{finding.doc_id}  {finding.text!r} ({finding.label}): {finding.message}")
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
    from .treebank import convert_treebank

    account = convert_treebank(layer, treebank, labels=labels, output=output)
    print_account(account)
    msg.good("Sides written", output)


@app.command("debug-data")
def debug_data_cli(
    config: Path = typer.Argument(..., help="Training config"),
    output: Path = typer.Option(..., "-o", "--output", help="File for the report"),
) -> None:
    """Run spaCy's `debug data` and keep its report in a file."""
    from .files import replacing_file

    with tempfile.TemporaryDirectory() as scratch:
        filled = Path(scratch) / config.name  # `debug data` wants every default written out
        run_spacy("init", "fill-config", config, filled)
        report = run_spacy("debug", "data", filled, "--no-format")
    print(report)
    with replacing_file(output) as path:
        path.write_text(report, encoding="utf8")


def run_spacy(*args: object) -> str:
    """The output of a spaCy command.

    RAISES (ViNerError): It fails.
    """
    command = [sys.executable, "-m", "spacy", *map(str, args)]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf8", check=False)
    if result.returncode:
        print(result.stdout + result.stderr, file=sys.stderr)
        raise ViNerError(f"`spacy {args[0]} {args[1]}` found errors, see above.", where=str(args[2]))
    return result.stdout


@app.command("evaluate")
def evaluate_cli(
    model: str = typer.Argument(..., help="Trained pipeline: path or package"),
    gold: Path = typer.Argument(..., help="DocBin with gold spans"),
    output: Path = typer.Option(..., "-o", "--output", help="metrics.json to write"),
) -> None:
    """Strict scores per label and overall, with intervals over documents."""
    import spacy
    from spacy.tokens import DocBin
    from spacy.training import Example

    from .evaluate import evaluate
    from .files import replacing_file
    from .tag import load_pipeline

    if not gold.is_file():
        raise ViNerError("No such file.", where=str(gold), fix="Run `spacy project run convert` first.")
    nlp = load_pipeline(model)
    try:
        references = list(DocBin().from_disk(gold).get_docs(nlp.vocab))
    except (ValueError, zlib.error) as error:
        raise ViNerError("Not a DocBin.", where=str(gold), fix="Give a .spacy file that `convert` wrote.") from error
    predictions = nlp.pipe(nlp.make_doc(doc.text) for doc in references)
    pairs = zip(progress(predictions, unit="documents", total=len(references)), references, strict=True)
    result = evaluate([Example(prediction, reference) for prediction, reference in pairs])
    print_scores(asdict(result))
    content = asdict(result) | {
        "gold": gold.name,
        "gold_sha256": hashlib.sha256(gold.read_bytes()).hexdigest(),
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
) -> None:
    """Build a wheel with a filled-in model card."""
    from .package import package_pipeline

    with busy("Building the wheel"):
        wheel = package_pipeline(model=model, metrics=metrics, about=about, output=output, name=name, version=version)
    msg.good(f"Wheel of {wheel.stat().st_size / 1e6:.0f} MB", wheel)


@app.command("tag")
def tag_cli(
    model: str = typer.Argument(..., help="Trained pipeline: path or package"),
    inputs: list[str] = typer.Argument(..., help=".txt or .jsonl files, folders, or - for standard input"),
    output: Path = typer.Option(..., "-o", "--output", help="JSONL file to write"),
) -> None:
    """Mark the entities of texts; offsets count code points of the text as it came."""
    from .files import replacing_file
    from .tag import load_pipeline, read_texts, tag

    nlp = load_pipeline(model)
    entities = documents = 0
    with replacing_file(output) as path, path.open("w", encoding="utf8", newline="\n") as stream:
        for row in progress(tag(nlp, read_texts(inputs)), unit="documents"):
            stream.write(srsly.json_dumps(row) + "\n")
            documents += 1
            entities += len(row["entities"])
    msg.good(f"{entities} entities in {documents} documents", output)
