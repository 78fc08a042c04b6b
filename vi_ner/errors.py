"""The one error type that a user of the project meets."""

from __future__ import annotations


class ViNerError(Exception):
    """A mistake in input or set-up that the user can mend; its message is one line, whatever names it quotes.

    what: One sentence on what is wrong, with what was found and what was expected.
    where: File, line or document id.
    fix: What to do about it.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = visible(what), visible(where), visible(fix)
        super().__init__(" ".join(part for part in (f"{self.where}: {self.what}" if where else self.what, fix) if part))


def visible(text: str, *, keep: str = "") -> str:
    """The text with line ends, other control characters and lone surrogates as escapes, but for those in `keep`.

    File names and ids may hold them, and a terminal would obey them.
    """
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)
