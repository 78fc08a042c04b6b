"""A whole benchmark: choose the cases, lay out the texts, measure, and give an account that can be plotted."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import ViNerError
from .cases import PLAIN, Result, Settings, content, measure
from .machine import Machine, this_machine
from .texts import first_docs, generate, gold_docs

GROUPS = ("training", "tagging", "conversion", "length", "collection")
DEFAULT_GROUPS = GROUPS[:3]


@dataclass(frozen=True)
class Sizes:
    """How much. train_words, tag_words: Syllables that a round trains on and tags; 0 for all there are.

    documents: Of the conversion. lengths: Syllables of a document. collections: Articles of a stream.
    apart: See `measure`.
    """

    train_words: int = 6000
    tag_words: int = 12000
    rounds: int = 3
    documents: tuple[int, ...] = (1000, 10_000)
    lengths: tuple[int, ...] = (100, 1000, 10_000, 50_000)
    collections: tuple[int, ...] = (100, 1000)
    apart: bool = True


QUICK = Sizes(train_words=300, tag_words=300, rounds=1, documents=(20,), lengths=(100,), collections=(5,), apart=False)


def keys_of(groups: Sequence[str], sizes: Sizes) -> list[str]:
    """The keys of the cases of groups; a key stands for itself.

    RAISES (ViNerError): There is no such group or case.
    """
    from . import tagging, training

    of_group = {
        "training": ["/".join(case) for case in training.CASES],
        "tagging": [f"tagging/{name}" for name in tagging.TOOLS],
        "conversion": [f"conversion/vi-ner@{size}" for size in sizes.documents],
        "length": [f"length/vi-ner@{size}" for size in sizes.lengths],
        "collection": [f"collection/vi-ner@{size}" for size in sizes.collections],
    }
    alone = {key: [key] for keys in of_group.values() for key in keys}
    for group in groups:
        if group not in of_group | alone:
            expected = f"Expected some of {', '.join(GROUPS)}, or a single one such as {of_group['training'][0]}."
            raise ViNerError(f"No cases are called {group!r}.", fix=expected)
    return [key for group in groups for key in (of_group | alone)[group]]


@dataclass(frozen=True)
class Benchmark:
    """What was measured, on what, on which machine."""

    machine: Machine
    settings: dict[str, Any]
    results: tuple[Result, ...]

    def times(self, result: Result) -> float | None:
        """How many times as fast as the plain case of its group it is."""
        plain = next((r for r in self.results if (r.group, r.case) == (result.group, PLAIN)), None)
        return result.rate / plain.rate if plain and plain.rate and result.rate else None

    def to_json(self) -> dict[str, Any]:
        """Every figure, with the machine and the settings it stands for."""
        results = [content(result) | {"times": self.times(result)} for result in self.results]
        return {"machine": asdict(self.machine), "settings": self.settings, "results": results}


def benchmark(
    *,
    model: Path,
    encoder: Path,
    config: Path,
    groups: Sequence[str],
    sizes: Sizes,
    corpus: Path | None = None,
    passes: int = 0,
    seed: int = 0,
    watch: Callable[[Iterator[Result], int], Iterator[Result]] = lambda results, _total: results,
) -> Benchmark:
    """Measure the cases of the groups, one after the other, each in a process of its own.

    model, encoder, config: The trained pipeline, the prepared encoder and the training config. corpus: Folder with
    train.spacy and dev.spacy to train on and to tag; None for generated articles. passes: See `Settings`.
    watch: Is given the results as they come, and their number.
    RAISES (ViNerError): Something is missing, or a case fails.
    """
    for path, what in ((model, "trained pipeline"), (encoder, "encoder"), (config, "training config")):
        if not path.exists():
            raise ViNerError(
                f"There is no {what}.", where=str(path), fix="Run `spacy project run all`, or name another."
            )
    keys = keys_of(groups, sizes)
    with tempfile.TemporaryDirectory() as name:
        paths = _lay_out(Path(name), corpus, sizes)
        settings = Settings(
            **paths,
            encoder=str(encoder.resolve()),
            model=str(model.resolve()),
            config=str(config.resolve()),
            rounds=sizes.rounds,
            passes=passes,
            seed=seed,
        )
        results = tuple(watch(measure(keys, settings, Path(name), apart=sizes.apart), len(keys)))
    about = asdict(sizes) | {"texts": "generated" if corpus is None else "given", "passes": passes, "seed": seed}
    return Benchmark(this_machine(), about, tuple(replace(result, entities=()) for result in results))


def _lay_out(folder: Path, corpus: Path | None, sizes: Sizes) -> dict[str, Any]:
    """The files that the cases read."""
    from spacy.tokens import DocBin

    from ..convert import news_tokenizer

    vocab = news_tokenizer().vocab
    docs = {}
    for number, side in enumerate(("train", "dev")):
        if corpus is None:
            count = 2 + max(sizes.train_words, sizes.tag_words) // 250
            docs[side] = gold_docs(generate(count if side == "train" else 10, seed=number))
            continue
        if not (corpus / f"{side}.spacy").is_file():
            raise ViNerError("No such file.", where=str(corpus / f"{side}.spacy"), fix="Run `convert` first.")
        docs[side] = list(DocBin().from_disk(corpus / f"{side}.spacy").get_docs(vocab))
    train = first_docs(docs["train"], sizes.train_words)
    for side, chosen in (("train", train), ("dev", docs["dev"])):
        DocBin(attrs=["ENT_IOB", "ENT_TYPE"], docs=chosen).to_disk(folder / f"{side}.spacy")
    with (folder / "texts.jsonl").open("w", encoding="utf8") as stream:
        for number, doc in enumerate(first_docs(docs["train"], sizes.tag_words)):
            stream.write(json.dumps({"doc_id": f"t{number}", "text": doc.text}) + "\n")
    return {
        "train": str(folder / "train.spacy"),
        "dev": str(folder / "dev.spacy"),
        "texts": str(folder / "texts.jsonl"),
    }
