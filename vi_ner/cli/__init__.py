"""The command line: the only package that prints or exits. A module for each group of commands."""

from . import corpus, ingest, pipeline, report, training
from .app import app, main

__all__ = ["app", "corpus", "ingest", "main", "pipeline", "report", "training"]
