"""What several commands show: bars, spinners, percentages."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tqdm import tqdm
from wasabi import Printer

from ..errors import visible

Item = TypeVar("Item")


class _Visible(Printer):
    """Messages of one line each: names in them may hold line ends and what a terminal obeys."""

    def text(self, title: Any = "", text: Any = "", *rest: Any, **options: Any) -> Any:
        return super().text(visible(str(title)), visible(str(text)), *rest, **options)


msg = _Visible()


def progress(items: Iterable[Item], *, unit: str, total: int | None = None) -> Iterator[Item]:
    """A bar on a terminal, a plain line now and then elsewhere."""
    yield from bar(items, unit=unit, total=total)


def bar(items: Iterable[Item] | None = None, *, unit: str, total: int | None = None, initial: int = 0) -> tqdm[Item]:
    """The same as an object, for work that advances by more than one at a time."""
    terminal = sys.stderr.isatty()
    pace: dict[str, Any] = {} if terminal else {"ascii": True, "mininterval": 10, "ncols": 80}
    return tqdm(items, unit=f" {unit}", total=total, initial=initial, **pace)


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
