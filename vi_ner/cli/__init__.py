"""The command line: the only package that prints or exits. A module for each group of commands."""

from . import annotation, benchmark, corpus, ingest, pipeline, report, training
from .app import app, main

__all__ = ["annotation", "app", "benchmark", "corpus", "ingest", "main", "pipeline", "report", "training"]
