"""`python -m vi_ner`."""

from .cli import main

main()
