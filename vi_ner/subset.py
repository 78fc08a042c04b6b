"""Parts of a training side: for the learning curve, and to see what one kind of article is worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spacy.tokens import Doc

from .convert import USER_DATA
from .split import fraction


def subset(docs: Iterable[Doc], *, share: float = 1.0, form: str | None = None) -> Iterator[Doc]:
    """The documents of about `share` of all groups, and of one form (`meta.form`, such as `raw`) only if it is given.

    Groups are taken by their hash: a smaller share is part of every larger one, and more documents move none.
    """
    for doc in docs:
        known = doc.user_data.get(USER_DATA, {})
        # Not the hash that chose the side: on the training side that one is 0.2 at least.
        wanted = fraction(f"subset {known.get('group')}") < share
        if wanted and (form is None or known.get("meta", {}).get("form") == form):
            yield doc
