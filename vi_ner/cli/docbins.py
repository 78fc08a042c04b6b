"""DocBins as commands read them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ViNerError
from ..inputs import unchanged
from .screen import progress

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.training import Example
    from spacy.vocab import Vocab


def read_docs(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """The documents of a DocBin, one at a time.

    RAISES (ViNerError): There is none, or it changes meanwhile.
    """
    from spacy.tokens import DocBin

    if not path.is_file():
        raise ViNerError("No such file.", where=str(path), fix="Run `spacy project run convert` first.")
    try:
        with unchanged(path):
            docs = DocBin().from_disk(path)
        yield from docs.get_docs(vocab)
    except (ValueError, zlib.error) as error:
        raise ViNerError("Not a DocBin.", where=str(path), fix="Give a .spacy file that `convert` wrote.") from error


def examples(nlp: Language, path: Path) -> list[Example]:
    """What a pipeline finds in the documents of a DocBin, with their gold; behind a bar.

    RAISES (ViNerError): There is no such DocBin.
    """
    from spacy.training import Example

    references = list(read_docs(path, nlp.vocab))
    predictions = progress(
        nlp.pipe(nlp.make_doc(doc.text) for doc in references), unit="documents", total=len(references)
    )
    return [Example(prediction, reference) for prediction, reference in zip(predictions, references, strict=True)]
