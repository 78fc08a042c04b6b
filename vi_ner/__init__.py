"""Vietnamese named-entity recognition: PER, ORG, LOC and DATE in news text.

This file stays free of heavy imports, so that every part can be run without loading the others.
"""

__version__ = "0.1.0"
