"""The command line: the only package that prints or exits. A module for each group of commands."""

from . import annotation, benchmark, configs, corpus, exchange, ingest, learning, pipeline, report, training
from .app import app, main

__all__ = [
    "annotation",
    "app",
    "benchmark",
    "configs",
    "corpus",
    "exchange",
    "ingest",
    "learning",
    "main",
    "pipeline",
    "report",
    "training",
]
