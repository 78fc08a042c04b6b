"""Conversion: annotations in Doccano's form to DocBins, split by near-duplicates, for more and more documents."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from .cases import Case, Round, Settings, Task
from .texts import generate

LABELS = ["PER", "ORG", "LOC", "DATE"]


def prepare(_settings: Settings, size: int) -> Task:
    """Write `size` generated articles; what is measured is `convert`."""
    from ..convert import convert

    scratch = tempfile.TemporaryDirectory()
    folder = Path(scratch.name)
    (folder / "labels.json").write_text(json.dumps([{"text": label} for label in LABELS]), encoding="utf8")
    with (folder / "gold.jsonl").open("w", encoding="utf8") as stream:
        for article in generate(size):
            spans = [[span.start, span.end, span.label] for span in article.spans]
            row = {"doc_uid": article.doc_id, "text": article.text, "label": spans}
            stream.write(json.dumps(row) + "\n")

    def act() -> Round:
        folder = Path(scratch.name)  # and so the folder lives as long as this function
        convert(folder / "gold.jsonl", articles=None, labels=folder / "labels.json", output=folder / "out")
        return Round(size)

    return Task(act)


CASES = {("conversion", "vi-ner"): Case("conversion", "vi-ner", prepare, unit="documents", once=True)}
