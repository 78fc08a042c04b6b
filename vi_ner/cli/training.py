"""Commands around training: encoder, debug-data, train."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import typer

from ..errors import ViNerError
from .app import app
from .screen import busy, msg, percent


@app.command("encoder")
def encoder_cli(
    output: Path = typer.Argument(Path("assets/encoder"), help="Folder to write"),
    source: str = typer.Option("bundled", help="`bundled`, `hub`, a folder, or a name on the hub"),
    layers: int | None = typer.Option(None, help="Layers to keep, from below (default: 8 of the bundled, else all)"),
) -> None:
    """Prepare an encoder: trimmed to Vietnamese, exact offsets, centred output."""
    from ..encoder import prepare_encoder

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


@app.command("debug-data")
def debug_data_cli(
    config: Path = typer.Argument(..., help="Training config"),
    output: Path = typer.Option(..., "-o", "--output", help="File for the report"),
) -> None:
    """Run spaCy's `debug data` and keep its report in a file."""
    from ..files import replacing_file

    with tempfile.TemporaryDirectory() as scratch:
        filled = Path(scratch) / config.name  # `debug data` wants every default written out
        run_spacy("init", "fill-config", config, filled)
        # Whole documents: no sentence of the training side could be the same text as a document of the dev side.
        report = run_spacy("debug", "data", filled, "--no-format", "--corpora.train.whole", "true")
    print(report)
    with replacing_file(output) as path:
        path.write_text(report, encoding="utf8")


@app.command("train", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def train_cli(
    context: typer.Context,
    config: Path = typer.Argument(..., help="Training config"),
    output: Path = typer.Option(..., "-o", "--output", help="Folder for model-best and model-last"),
    use_gpu: int = typer.Option(-1, "-g", "--gpu-id", help="Number of the GPU, -1 for the CPU"),
) -> None:
    """Train as `spacy train` does; an earlier pipeline is replaced when the new one is complete."""
    from spacy.cli._util import parse_config_overrides

    from ..train import UNFINISHED, train

    try:
        train(config, output, use_gpu=use_gpu, overrides=parse_config_overrides(context.args))
    except KeyboardInterrupt:
        msg.warn("Training is broken off", f"The best pipeline so far is in {output / UNFINISHED}, until the next one.")
        raise
    msg.good("Pipeline trained", output / "model-best")


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
