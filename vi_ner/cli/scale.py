"""Out into the world: `tag --engine ray` for large collections, publish."""

from __future__ import annotations

from pathlib import Path

import typer

from .app import app
from .screen import bar, busy, msg


def tag_with_ray(
    model: str,
    inputs: list[str],
    output: Path,
    *,
    workers: int | None,
    cpus: float,
    gpus: float,
    address: str | None,
) -> None:
    """Tag a collection part by part, or go on with it, and say what came of it."""
    from ..shards import check_complete, make_plan, result_file
    from ..tag_ray import tag_parts

    with busy("Planning the parts"):
        model = str(Path(model).resolve()) if Path(model).exists() else model
        parts = make_plan(inputs, output, model=model)
    done = sum(part.rows for part in parts if result_file(part, output).is_file())
    print(
        f"{len(parts)} parts, {sum(part.rows for part in parts):,} documents, {done:,} of them done before", flush=True
    )
    run = tag_parts(parts, output, model=model, workers=workers, cpus=cpus, gpus=gpus, address=address)
    with bar(unit="documents", total=sum(part.rows for part in parts), initial=done) as shown:
        for rows in run:
            shown.update(rows)
    make_plan(inputs, output, model=model)  # refuses what has changed since
    tagged, aside = check_complete(parts, output)
    msg.good(f"{tagged:,} documents tagged", output / "parts")
    if aside:
        msg.warn(f"{aside:,} rows set aside, with the reason", output / "set-aside")


@app.command("publish")
def publish_cli(
    package: Path = typer.Argument(..., help="Folder that `package` wrote"),
    namespace: str = typer.Option(..., help="User or organisation on the hub"),
    message: str = typer.Option("Update spaCy pipeline", help="Commit message"),
    dry_run: Path | None = typer.Option(None, help="Write what would be uploaded to this new folder instead"),
) -> None:
    """Push a packaged pipeline with its model card to a Hugging Face hub (public; token in HF_TOKEN)."""
    from ..publish import publish

    result = publish(
        package=package,
        namespace=namespace,
        message=message,
        dry_run=dry_run,
        root=Path(),
        building=lambda name: msg.info(f"Building .venv-{name}, once"),
    )
    if dry_run is None:
        msg.good("Published", result.url)
    else:
        msg.good(f"Would be published as {result.url}", dry_run)
