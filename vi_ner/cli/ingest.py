"""The command that turns what people have into articles: ingest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import ViNerError
from .app import app
from .screen import msg, percent, progress

if TYPE_CHECKING:
    from ..ingest import Ingestion

SHOWN = 20  # problems that are printed; account.json has all


@app.command("ingest")
def ingest_cli(
    inputs: list[str] = typer.Argument(..., help="Files, folders, archives; - for standard input"),
    output: Path = typer.Option(..., "-o", "--output", help="corpus/articles/NAME.jsonl"),
    column: list[str] = typer.Option([], help="Name of a table's column, as text=noi_dung (also id, html, title, …)"),
    encoding: str | None = typer.Option(None, help="Encoding of all files, where it is known: tcvn3, vni, cp1258, …"),
    set_aside: str = typer.Option("", help="Flags whose articles are set aside, as in language,short"),
    select: int = typer.Option(0, min=0, help="Choose a diverse sample of so many articles for annotation"),
    seed: int = typer.Option(0, help="Seed of the sample"),
    max_mb: float = typer.Option(20, min=0.001, help="Megabytes that one article may have"),
) -> None:
    """Turn saved pages, texts, tables and archives into articles; exit code 1 where something could not be read."""
    from ..ingest import ingest

    account = ingest(
        inputs,
        output,
        columns=_columns(column),
        encoding=encoding,
        set_aside=[flag.strip() for flag in set_aside.split(",") if flag.strip()],
        sample=select,
        seed=seed,
        limit=int(max_mb * 1_000_000),
        watch=lambda items, unit: progress(items, unit=unit),
    )
    _print_account(account)
    msg.good(f"{account.articles} articles written", output)
    msg.info("What came in, as a page:", output.with_suffix(".ingest") / "index.html")
    if account.problems:
        raise typer.Exit(1)


def _columns(given: list[str]) -> dict[str, str]:
    from ..ingest.tables import COLUMNS

    columns = {pair.partition("=")[0]: pair.partition("=")[2] for pair in given}
    for ours, theirs in columns.items():
        if ours not in COLUMNS or not theirs:
            raise ViNerError(
                f"Found --column {ours}={theirs}.",
                fix=f"Expected NAME=COLUMN, where NAME is one of {', '.join(COLUMNS)}.",
            )
    return columns


def _print_account(account: Ingestion) -> None:

    parts = account.summaries
    furniture = sum(s.furniture for s in parts) / len(parts)
    msg.table(
        {
            "Pieces in": account.pieces,
            "  articles": account.articles,
            "  set aside": account.set_aside,
            "  could not be read": len(account.problems),
            "  passed over (no article)": len(account.passed_over),
            "Stories (near-duplicates are one)": account.stories,
            "Groups (one event is one)": account.groups,
            "Segmented": sum(s.segmented for s in parts),
            "Furniture, % of the characters": percent(furniture),
            **{f"Encoding {name}": count for name, count in sorted(account.count("encoding").items()) if name},
            **{f"Flag {name}": count for name, count in sorted(account.flags.items())},
            **({"Selected": len(account.choices)} if account.choices else {}),
        }
    )
    for problem in account.problems[:SHOWN]:
        msg.fail(f"{problem.name}: {problem.reason}")
    if len(account.problems) > SHOWN:
        msg.fail(f"... and {len(account.problems) - SHOWN} more: account.json has all")
