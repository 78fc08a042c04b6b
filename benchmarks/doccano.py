"""Push and pull beside the plain per-example use of doccano-client: requests, seconds, memory, by number of articles.

`python benchmarks/doccano.py 250 500 1000 --plain 250`; a server of its own is started in a temporary folder.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from doccano_site import Proxy, Site  # noqa: E402

from vi_ner.pull import pull_annotations  # noqa: E402
from vi_ner.push import article_rows, push_rows  # noqa: E402
from vi_ner.records import Article, Span  # noqa: E402

SENTENCE = "Hôm qua ông Hờ A Lử ở bản Phình Hồ kể chuyện trồng chè cho khách nghe rất lâu "  # 19 syllables
NAME = "Hờ A Lử"
PLAIN = """
import json, os, sys
from doccano_client import DoccanoClient
client = DoccanoClient(os.environ["DOCCANO_URL"])
client.login(os.environ["DOCCANO_USERNAME"], os.environ["DOCCANO_PASSWORD"])
project = client.create_project("plain", "SequenceLabeling", "plain", collaborative_annotation=True)
client.create_label_type(project.id, "span", "PER")
if sys.argv[2] == "push":
    for line in open(sys.argv[1], encoding="utf8"):
        row = json.loads(line)
        example = client.create_example(project.id, row["text"], meta={"doc_uid": row["doc_uid"]})
        for start, end, label in row["label"]:
            client.create_span(project.id, example.id, start, end, label)
"""
PLAIN_PULL = """
import os
from doccano_client import DoccanoClient
client = DoccanoClient(os.environ["DOCCANO_URL"])
client.login(os.environ["DOCCANO_USERNAME"], os.environ["DOCCANO_PASSWORD"])
project = next(project for project in client.list_projects() if project.name == "plain")
print(sum(len(client.list_spans(project.id, example.id)) for example in client.list_examples(project.id)))
"""


def articles(count: int) -> list[dict[str, Any]]:
    """Rows of 400 syllables with four names each."""
    texts = {f"d{number:05}": f"{number} " + SENTENCE * 21 for number in range(count)}
    spans = {}
    for doc_id, text in texts.items():
        at = [i * len(SENTENCE) + text.index(NAME) for i in range(4)]
        spans[doc_id] = [Span(start, start + len(NAME), "PER") for start in at]
    return article_rows([Article(doc_id, text) for doc_id, text in texts.items()], spans, source="names")


def measured(what: str, count: int, site: Site, proxy: Proxy, act: Callable[[], Any]) -> None:
    """Run and print a row."""
    before, began = proxy.seen, time.monotonic()
    act()
    seconds, requests = time.monotonic() - began, proxy.seen - before
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    cells = [what, count, requests, f"{seconds:.1f}", f"{1000 * seconds / count:.1f}", f"{peak:.0f}"]
    print("|", " | ".join(map(str, [*cells, f"{site.peak_memory():.0f}"])), "|", flush=True)


def main(sizes: list[int], plain: int = 250) -> None:
    """Print a table in Markdown."""
    with tempfile.TemporaryDirectory() as name:
        site = Site(Path(name), ROOT)
        site.start()
        proxy = Proxy(site.url)
        with proxy as address:
            user, password = site.admin_account()
            os.environ |= {"DOCCANO_URL": address, "DOCCANO_USERNAME": user, "DOCCANO_PASSWORD": password}
            print(
                "| | articles | requests | seconds | ms per article | peak MB | server, peak MB |\n"
                + "| --- " * 7
                + "|"
            )
            try:
                for count in sizes:
                    compare(site, proxy, count)
                measure_plain(site, proxy, plain)
            finally:
                site.stack.close()


def compare(site: Site, proxy: Proxy, count: int) -> None:
    """Push and pull as the commands do it."""
    rows, project = articles(count), f"ours {count}"
    options: dict[str, Any] = {"labels": [{"text": "PER"}], "description": "-", "guideline": "", "shared": False}
    measured("push", count, site, proxy, lambda: push_rows(rows, project=project, root=site.root, **options))
    measured("pull", count, site, proxy, lambda: pull_annotations(project, site.root / "p.jsonl", root=site.root))


def measure_plain(site: Site, proxy: Proxy, count: int) -> None:
    """Push and pull one example, one span at a time."""
    path = site.root / "plain.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in articles(count)), encoding="utf8")
    python = str(site.root / ".venv-annotation" / "bin" / "python")

    def run(script: str) -> None:
        subprocess.run([python, "-I", "-c", script, path, "push"], check=True)

    measured("plain push", count, site, proxy, lambda: run(PLAIN))
    measured("plain pull", count, site, proxy, lambda: run(PLAIN_PULL))


if __name__ == "__main__":
    typer.run(main)
