"""From files as people have them to articles worth annotating: `ingest` reads, marks, groups, flags and samples.

sources, tables   inputs and archives, piece by piece      encodings, legacy, letters   bytes to text, with evidence
pages, parts, marks, forms, repeated: what each line is    segmented, quality           what kind of text it is
groups, names     what belongs together                    selection                    what to annotate
articles, run, account          one article, the whole, and what became of everything
"""

from .account import Ingestion
from .run import ingest

__all__ = ["Ingestion", "ingest"]
