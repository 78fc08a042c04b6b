"""`tag --engine ray`: large collections."""

from __future__ import annotations

from pathlib import Path


from .screen import msg, bar, busy


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
    tagged, aside = check_complete(parts, output)
    msg.good(f"{tagged:,} documents tagged", output / "parts")
    if aside:
        msg.warn(f"{aside:,} rows set aside, with the reason", output / "set-aside")
