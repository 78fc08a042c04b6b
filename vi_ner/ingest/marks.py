"""What each line of a document is, by form and by repetition in the document: the rules, one after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .forms import (
    fold_line,
    is_byline,
    is_caption,
    is_cue,
    is_heading,
    is_prose,
    is_source,
    is_teaser,
    is_title,
    opens_list,
)

TEASER = 60  # words that an entry of a link list has at most below its title


class Marks:
    """The decision about every line, rule after rule; a later rule decides only what is still open."""

    def __init__(self, lines: Sequence[str], hints: Sequence[str | None]) -> None:
        """hints: For every line what the page's structure says it is, or None."""
        self.folded = [fold_line(line) for line in lines]
        self.filled = [i for i, line in enumerate(self.folded) if line]
        self.marks = list(hints)
        self.counts = Counter(self.folded[i].casefold() for i in self.filled if len(self.folded[i].split()) >= 3)

    def decide(self) -> list[str]:
        """The part of every line."""
        self._headline()
        self._cues_and_captions()
        self._repetitions()
        self._lists()
        self._teasers()
        self._tail()
        self._rest()
        return [mark or "body" for mark in self.marks]

    def _open(self, i: int) -> bool:
        return self.marks[i] is None

    def _set(self, i: int, part: str) -> None:
        if self.marks[i] is None:
            self.marks[i] = part

    def _is_plain(self, i: int) -> bool:
        line = self.folded[i]
        return not (is_cue(line) or is_caption(line) or is_byline(line) or is_source(line))

    def _headline(self) -> None:
        """The last line like a title before the first prose; what stands over it is furniture."""
        if "headline" in self.marks:
            return
        prose = next((i for i in self.filled if is_prose(self.folded[i]) and self._is_plain(i)), None)
        if prose is None:
            return
        before = [i for i in self.filled if i < prose and self._open(i) and self._is_plain(i)]
        titles = [i for i in before if is_title(self.folded[i]) and len(self.folded[i].split()) >= 4]
        if not titles:
            return
        last = self.folded[titles[-1]].casefold()
        headline = next(i for i in titles if self.folded[i].casefold() == last)
        self._set(headline, "headline")
        for i in self.filled:
            if i < headline:
                self._set(i, "furniture")

    def _cues_and_captions(self) -> None:
        for i in self.filled:
            line = self.folded[i]
            if self._open(i) and is_cue(line):
                self._set(i, "furniture")
            elif self._open(i) and is_source(line):
                self._set(i, "source")
            elif self._open(i) and is_caption(line):
                self._set(i, "caption")

    def _repetitions(self) -> None:
        """A repeated title is an entry of a link list, and what follows its second copy the entry's teaser."""
        headline = next((self.folded[i].casefold() for i in self.filled if self.marks[i] == "headline"), None)
        seen: set[str] = set()
        for position, i in enumerate(self.filled):
            line = self.folded[i].casefold()
            repeated = self.counts[line] > 1
            if (
                repeated
                and (line == headline or line in seen or is_title(self.folded[i]))
                and self.marks[i] != "headline"
            ):
                before = self.folded[self.filled[position - 1]].casefold() if position else ""
                if self.marks[i] in (None, "caption"):
                    self.marks[i] = "furniture"
                after = self.filled[position + 1] if position + 1 < len(self.filled) else None
                if before == line != headline and after is not None and self._is_teaser_line(after):
                    self._set(after, "furniture")
            seen.add(line)

    def _is_teaser_line(self, i: int) -> bool:
        return self.counts[self.folded[i].casefold()] <= 1 and len(self.folded[i].split()) <= TEASER

    def _lists(self) -> None:
        """After `Đọc thêm` and the like: titles, each perhaps with one teaser, until prose goes on."""
        open_list, entry = False, False
        for position, i in enumerate(self.filled):
            line = self.folded[i]
            if opens_list(line) and self.marks[i] == "furniture":
                open_list, entry = True, ":" not in line
                continue
            if not open_list or not self._open(i):
                entry = entry or self.marks[i] == "furniture"
                continue
            after = self.filled[position + 1] if position + 1 < len(self.filled) else None
            goes_on = after is not None and self._open(after) and is_prose(self.folded[after])
            if is_title(line) or not is_prose(line):
                self._set(i, "furniture")
                entry = True
            elif entry and len(line.split()) <= TEASER and not goes_on:
                self._set(i, "furniture")
                entry = False
            else:
                open_list = False

    def _teasers(self) -> None:
        """Two or more lines that break off, each below a title, are a link list without a heading."""
        pairs = [
            (above, i)
            for above, i in zip(self.filled, self.filled[1:], strict=False)
            if self._open(i) and is_teaser(self.folded[i]) and self._open(above) and is_title(self.folded[above])
        ]
        for pair in pairs if len(pairs) > 1 else []:
            for i in pair:
                self._set(i, "furniture")

    def _tail(self) -> None:
        """Below the article's last prose: its byline and source, and then what the site adds."""
        prose = [i for i in self.filled if self._open(i) and is_prose(self.folded[i]) and self._is_plain(i)]
        end = self._signature(prose)
        prose = [i for i in prose if i < end]
        if not prose:
            return
        signed = False
        below = [i for i in self.filled if i > prose[-1]]
        titles = [i for i in below if self._open(i) and is_title(self.folded[i]) and not is_byline(self.folded[i])]
        for i in below:
            if self.marks[i] in ("source", "byline"):
                signed = True
            elif self._open(i) and is_byline(self.folded[i]) and not signed:
                self._set(i, "byline")
                signed = True
            elif signed or self.marks[i - 1] == "furniture" or len(titles) >= 3 or self._heads_a_list(i):
                self._set(i, "furniture")

    def _heads_a_list(self, i: int) -> bool:
        """Whether the line is a few plain words and the next that is not blank is furniture."""
        after = next((j for j in self.filled if j > i), None)
        return after is not None and self.marks[after] == "furniture" and is_heading(self.folded[i])

    def _signature(self, prose: Sequence[int]) -> int:
        """Where the author has signed: below running text, and above two lines that are none (readers' comments may
        follow); a name over its owner's words is no signature. Where nobody has, the end."""
        for number, i in enumerate(self.filled):
            below = self.filled[number + 1 : number + 3]
            if (
                self.marks[i] in (None, "byline")
                and is_byline(self.folded[i])
                and len([j for j in prose if j < i]) >= 2
                and len(below) == 2
                and not set(below) & set(prose)
            ):
                return i
        return len(self.folded)

    def _rest(self) -> None:
        """The byline below the headline, the first prose as the lead, all else as body."""
        headline = next((i for i in self.filled if self.marks[i] == "headline"), None)
        lead_known = "lead" in self.marks
        prose = [i for i in self.filled if self._open(i) and is_prose(self.folded[i])]
        first = prose[0] if prose else len(self.folded)
        for i in self.filled:
            if not self._open(i):
                continue
            if is_byline(self.folded[i]) and headline is not None and headline < i < first:
                self._set(i, "byline")
            elif i == first and headline is not None and not lead_known and len(prose) > 1:
                self._set(i, "lead")
            else:
                self._set(i, "body")
