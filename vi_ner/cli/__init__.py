"""The command line: the only package that prints or exits. A module for each group of commands."""

from . import corpus, pipeline, report, training
from .app import app, main

__all__ = ["app", "corpus", "main", "pipeline", "report", "training"]
