"""Tagging a large collection with Ray Data: on the cores of this machine, its GPUs, or a cluster.

What travels through Ray is which part is to do next. Texts and results go between storage and the workers, so memory
does not depend on the size of the collection. On a cluster all nodes must see the same folders.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from .errors import ViNerError
from .shards import Part, result_file, tag_part

OBJECT_STORE_BYTES = 150_000_000  # holds nothing but names of parts


class Tagger:
    """A worker: the pipeline is loaded once, then tags one part after the other."""

    def __init__(self, model: str, output: str, gpu: bool) -> None:
        from .tag import load_pipeline

        if gpu:
            import spacy

            spacy.require_gpu()
        self.nlp = load_pipeline(model)
        self.output = Path(output)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Tag a part, and say how many rows it had."""
        tag_part(self.nlp, Part(**row), self.output)
        return {"rows": row["rows"]}


def tag_parts(
    parts: Sequence[Part],
    output: Path,
    *,
    model: str,
    workers: int | None = None,
    cpus: float = 1,
    gpus: float = 0,
    address: str | None = None,
) -> Iterator[int]:
    """Tag the parts that are not done yet, and give the number of rows of each as it is finished.

    workers: How many (default: one for each CPU, or GPU, that Ray knows). cpus, gpus: What each of them gets.
    address: Of a cluster (`auto`, `ray://host:10001`); none starts Ray on this machine.
    RAISES (ViNerError): Ray is not installed, or a part fails for another reason than its documents.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise ViNerError("Ray is not installed.", fix="Run `python -m pip install 'vi-ner[ray]'`.") from error
    todo = [part for part in parts if not result_file(part, output).is_file()]
    if not todo:
        return
    local: dict[str, Any] = {} if address else {"object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
    ray.init(address=address or "local", logging_level=logging.ERROR, log_to_driver=False, **local)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        size = workers or _as_many_as_fit(ray.cluster_resources(), cpus=cpus, gpus=gpus)
        done = ray.data.from_items([vars(part) for part in todo], override_num_blocks=len(todo)).map(
            cast(Any, Tagger),
            fn_constructor_args=(model, str(output.resolve()), gpus > 0),
            compute=ray.data.ActorPoolStrategy(size=min(size, len(todo)), max_tasks_in_flight_per_actor=2),
            num_cpus=cpus,
            num_gpus=gpus,
        )
        for row in done.iter_rows():
            yield row["rows"]
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ViNerError(
            f"A worker failed: {reason}", where=str(output), fix="Run it again: it goes on there."
        ) from error
    finally:
        ray.shutdown()


def _as_many_as_fit(resources: dict[str, float], *, cpus: float, gpus: float) -> int:
    """RAISES (ViNerError): Not even one worker."""
    wanted = {"CPU": cpus, "GPU": gpus}
    size = int(min(resources.get(name, 0) / amount for name, amount in wanted.items() if amount))
    if size < 1:
        raise ViNerError(
            f"A worker wants {cpus:g} CPUs and {gpus:g} GPUs, there are "
            f"{resources.get('CPU', 0):g} and {resources.get('GPU', 0):g}.",
            fix="Give less with --cpus and --gpus.",
        )
    return size
