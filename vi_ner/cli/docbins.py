"""DocBins as commands read them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ViNerError

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab


def read_docs(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """The documents of a DocBin, one at a time.

    RAISES (ViNerError): There is none.
    """
    from spacy.tokens import DocBin

    if not path.is_file():
        raise ViNerError("No such file.", where=str(path), fix="Run `spacy project run convert` first.")
    try:
        yield from DocBin().from_disk(path).get_docs(vocab)
    except (ValueError, zlib.error) as error:
        raise ViNerError("Not a DocBin.", where=str(path), fix="Give a .spacy file that `convert` wrote.") from error
