"""The account of an ingestion: what came in, what became of it, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .selection import Choice, Summary
from .sources import Problem


@dataclass
class Ingestion:
    """The account; pieces == articles + set_aside + problems + passed_over.

    pieces: Files, archive members and table rows that came in. articles: Those in the output.
    problems: What could not be read, with the reason. passed_over: What lies beside saved pages and is no article.
    choices: The articles chosen for annotation, where a sample was asked for.
    """

    pieces: int = 0
    articles: int = 0
    set_aside: int = 0
    problems: list[Problem] = field(default_factory=list)
    passed_over: list[Problem] = field(default_factory=list)
    flags: Counter[str] = field(default_factory=Counter)
    links: Counter[str] = field(default_factory=Counter)
    repeated_lines: int = 0
    choices: list[Choice] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)

    @property
    def groups(self) -> int:
        """How many groups (one event each) there are."""
        return len({summary.group for summary in self.summaries})

    @property
    def stories(self) -> int:
        """How many stories there are, each of one document or of near-duplicates."""
        return len({summary.story for summary in self.summaries})

    def count(self, name: str) -> Counter[str]:
        """How many articles have which value of a field of `Summary`."""
        return Counter(str(getattr(summary, name)) for summary in self.summaries)

    def to_json(self) -> dict[str, Any]:
        """The content of `account.json`."""
        return {
            "pieces": self.pieces,
            "articles": self.articles,
            "set_aside": self.set_aside,
            "problems": [{"name": problem.name, "reason": problem.reason} for problem in self.problems],
            "passed_over": [problem.name for problem in self.passed_over],
            "groups": self.groups,
            "stories": self.stories,
            "links": dict(sorted(self.links.items())),
            "flags": dict(sorted(self.flags.items())),
            "repeated_lines": self.repeated_lines,
            **{
                name: dict(sorted(self.count(name).items(), key=lambda item: (-item[1], item[0])))
                for name in ("encoding", "extractor", "source", "segmented")
            },
            "selected": [{"doc_id": choice.doc_id, "why": choice.why} for choice in self.choices],
        }


def visible(text: str, *, keep: str = "") -> str:
    """The text with line ends, other control characters and lone surrogates as escapes: a file name may hold them."""
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)
