"""Versions of documents: when one is somebody's work, and when it is as it was pushed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

Row = dict[str, Any]


def digest(spans: list[Any]) -> str:
    """A short fingerprint of spans `[start, end, label]`, whatever their order; empty for none."""
    if not spans:
        return ""
    ordered = sorted([int(start), int(end), str(label)] for start, end, label in spans)
    return hashlib.sha256(json.dumps(ordered).encode("ascii")).hexdigest()[:16]


def text_hash(text: str) -> str:
    """The fingerprint of a text, which tells whether it was changed on the server."""
    return hashlib.sha256(text.encode("utf8")).hexdigest()


def is_untouched(version: Row) -> bool:
    """Whether nobody has worked on a version: not confirmed, and its spans are those it was pushed with."""
    pushed = str(version["meta"].get("suggested", "")).rpartition(" ")[2]
    return not (version["confirmed"] or version["approver"]) and digest(version["label"]) in {"", pushed}
