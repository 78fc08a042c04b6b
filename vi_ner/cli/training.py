"""Commands around training: encoder, debug-data, train."""

from __future__ import annotations

import io
import sys
import tempfile
from contextlib import redirect_stdout
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

    report = io.StringIO()
    try:
        with redirect_stdout(report), tempfile.TemporaryDirectory() as scratch:
            _debug_data(config, Path(scratch) / config.name)
    except (SystemExit, ValueError, OSError) as error:
        print(report.getvalue(), file=sys.stderr)
        said = "see above" if isinstance(error, SystemExit) else str(error)
        raise ViNerError(f"spaCy found errors in config or data: {said}.", where=str(config)) from error
    print(report.getvalue())
    with replacing_file(output) as path:
        path.write_text(report.getvalue(), encoding="utf8")


def _debug_data(config: Path, filled: Path) -> None:
    from spacy.cli.debug_data import debug_data
    from spacy.cli.init_config import fill_config

    fill_config(filled, config, silent=True)  # `debug_data` wants every default written out
    # Whole documents: no sentence of the training side could be the same text as a document of the dev side.
    debug_data(filled, config_overrides={"corpora.train.whole": True}, no_format=True, silent=False)


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
