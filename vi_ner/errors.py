"""The one error type that a user of the project meets."""

from __future__ import annotations


class ViNerError(Exception):
    """A mistake in input or set-up that the user can mend.

    what: One sentence on what is wrong, with what was found and what was expected.
    where: File, line or document id.
    fix: What to do about it.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(" ".join(part for part in (f"{where}: {what}" if where else what, fix) if part))
