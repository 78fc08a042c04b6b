"""A small world in which every command runs in a second, and processes that can be killed in the middle of one.

Commands run as `python -m vi_ner …` would, in a process forked from one that has imported everything already.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import multiprocessing
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import spacy
from faults import movable_clock, writes
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

ROOT = Path(__file__).parents[1]
NAMES = ["Mẫn", "Lò Văn Pản", "Hà Thị Sim", "Quàng Văn Đức"]
PLACES = ["xã Tân Phú", "Huế", "Mường La", "bản Nà Hoi"]
ABOUT = {"description": "Places.", "author": "N. V. A.", "license": "CC0-1.0", "sources": [], "limits": "Knows Huế."}
FORKS = multiprocessing.get_context("forkserver")
PRELOADED = ["world", "spacy_transformers", "trafilatura"]
PRELOADED += [f"vi_ner.{name}" for name in ("cli", "ingest", "package", "tag", "train", "treebank", "report.render")]
COUNT = re.compile(r"\0(\d+)\0")
VARYING = re.compile(rb'"(seconds|\w+_per_second)": ?[\d.]+|>[\d.]+ tokens?/[^<]+')  # in a report


@dataclass(frozen=True)
class Command:
    """A command line, relative to the world's folder; it writes to `out`."""

    arguments: str

    @property
    def name(self) -> str:
        return self.arguments.split()[0]


TRAINING = (
    "--paths.encoder encoder --paths.train corpus --paths.dev corpus --paths.labels labels.json --training.max_steps 4 "
)
TRAINING += "--training.eval_frequency 2 --training.optimizer.learn_rate.total_steps 4"
COMMANDS = [
    Command("encoder out/encoder --source tiny"),
    Command("convert annotations --articles articles --labels labels.json -o out"),
    Command("ud-vtb treebank --layer layer.jsonl --labels labels.json -o out"),
    Command("export annotations -o out/gold.conll"),
    Command("agreement versions.jsonl -o out"),
    Command("ingest heap -o out/heap.jsonl --select 2"),
    Command(f"train default.cfg -o out {TRAINING}"),
    Command("evaluate model corpus/test.spacy -o out/metrics.json"),
    Command("report model corpus/test.spacy --train corpus/train.spacy --labels labels.json -o out"),
    Command("package model metrics.json --about about.json --name places --version 1.2.3 -o out/package"),
    Command("tag model heap articles -o out/tagged.jsonl"),
]  # fmt: skip


def make_world(folder: Path) -> Path:
    """Everything that the commands read."""
    folder.mkdir(parents=True)
    rows = [sentence(number) for number in range(40)]
    articles = [{"doc_id": row["doc_uid"], "text": row["text"], "group": row["doc_uid"]} for row in rows]
    write_jsonl(folder / "annotations" / "gold.jsonl", rows)
    write_jsonl(folder / "articles" / "news.jsonl", articles)
    write_treebank(folder, rows)
    for number, row in enumerate(rows[:12]):
        file = folder / "heap" / f"bài {number}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"Tin số {number}\n\n{row['text']}\n\n" + row["text"] * 3, encoding="utf8")
    versions = [row | {"annotator": name, "confirmed": True} for row in rows[:9] for name in ("hoa", "mai")]
    write_jsonl(
        folder / "versions.jsonl", [row | {"label": row["label"][number % 2 :]} for number, row in enumerate(versions)]
    )
    (folder / "labels.json").write_bytes((ROOT / "annotations" / "labels.json").read_bytes())
    (folder / "default.cfg").write_bytes((ROOT / "configs" / "default.cfg").read_bytes())
    (folder / "about.json").write_text(json.dumps(ABOUT), encoding="utf8")
    make_encoder(folder / "tiny", [row["text"] for row in rows])
    nlp = spacy.blank("xx")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Huế"}])  # type: ignore[attr-defined]
    nlp.to_disk(folder / "model")
    for arguments in (
        "encoder encoder --source tiny",
        "convert annotations --labels labels.json -o corpus",
        "evaluate model corpus/test.spacy -o metrics.json",
    ):
        assert run(arguments, folder).code == 0
    return folder


def sentence(number: int) -> dict[str, Any]:
    """An annotated row, another for each number."""
    name, place = NAMES[number % 4], PLACES[number // 4 % 4]
    text = f"Năm {1990 + number}, chị {name} ở {place} kể {number * 7919} chuyện."
    label = [[text.index(name), text.index(name) + len(name), "PER"]]
    label += [[text.index(place), text.index(place) + len(place), "LOC"]]
    return {"doc_uid": f"d{number:02}", "text": text, "label": label, "offset_unit": "codepoint"}


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf8")


def write_treebank(folder: Path, rows: list[dict[str, Any]]) -> None:
    (folder / "treebank").mkdir()
    layer = []
    for number, split in enumerate(("train", "dev", "test")):
        part = rows[number::3]
        lines = "".join(f"# sent_id = {row['doc_uid']}\n# text = {row['text']}\n\n" for row in part)
        (folder / "treebank" / f"vi_vtb-ud-{split}.conllu").write_text(lines, encoding="utf8")
        for row in part:
            digest = hashlib.sha1(row["text"].encode("utf8")).hexdigest()
            layer.append({"split": split, "sent_id": row["doc_uid"], "sha1": digest, "label": row["label"]})
    write_jsonl(folder / "layer.jsonl", layer)


def make_encoder(folder: Path, texts: list[str]) -> None:
    """A BERT of one layer, 32 wide, with a tokenizer learnt from the texts."""
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=150, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    ends = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    named = {f"{kind}_token": token for kind, token in zip(("bos", "pad", "eos", "unk"), special, strict=True)}
    fast: Any = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=128, cls_token="<s>", sep_token="</s>", **named
    )
    fast.save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
        BertModel(BertConfig(vocab_size=tokenizer.get_vocab_size(), **sizes)).save_pretrained(folder)


@dataclass(frozen=True)
class Run:
    """How a command ended: code (negative: killed by that signal), what it printed, seconds, file operations."""

    code: int
    printed: str
    seconds: float
    operations: int


def run(
    arguments: str,
    folder: Path,
    *,
    kill_after: float | None = None,
    kill_at: int | None = None,
    prepare: Callable[[], None] | None = None,
    own_clock: bool = False,
) -> Run:
    """Run a command in `folder`.

    kill_after: Seconds after which its processes are killed. kill_at: … or before the file operation of this number.
    prepare: Called in the new process, before the command. own_clock: It can be moved, see `faults.clock_set_back`.
    """
    reader, writer = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_child, args=(arguments, folder, writer, kill_at, prepare))
    begin = time.perf_counter()
    with pytest.MonkeyPatch.context() as patch:  # multiprocessing knows one server
        patch.setattr(forkserver, "connect_to_new_process", _server(own_clock).connect_to_new_process)
        process.start()
    assert process.pid is not None
    writer.close()
    process.join(kill_after)
    if process.is_alive():
        process.kill()
        with contextlib.suppress(ProcessLookupError):  # what it has started
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
    seconds = time.perf_counter() - begin
    with os.fdopen(reader.fileno(), encoding="utf8", errors="replace", closefd=False) as stream:
        printed = stream.read()
    reader.close()
    count = COUNT.search(printed)
    assert process.exitcode is not None
    return Run(process.exitcode, COUNT.sub("", printed), seconds, int(count[1]) if count else 0)


@functools.cache
def _server(own_clock: bool) -> forkserver.ForkServer:
    """A process that others are forked from; its modules stand in this folder too."""
    server = forkserver.ForkServer()
    server.set_forkserver_preload(PRELOADED)
    variables = {"PYTHONPATH": str(Path(__file__).parent)} | (movable_clock() if own_clock else {})
    variables["OMP_NUM_THREADS"] = "1"  # many threads on few processors wait for each other
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        server.ensure_running()
    return server


def _child(
    arguments: str, folder: Path, writer: Connection, kill_at: int | None, prepare: Callable[[], None] | None
) -> None:
    os.setsid()
    fcntl.fcntl(writer.fileno(), fcntl.F_SETPIPE_SZ, 1 << 20)  # nobody reads before the end
    os.dup2(writer.fileno(), 1)
    os.dup2(writer.fileno(), 2)
    sys.stdout, sys.stderr = (os.fdopen(handle, "w", encoding="utf8", closefd=False) for handle in (1, 2))
    os.chdir(folder)
    scratch = folder.with_name(f"{folder.name}.tmp")
    scratch.mkdir(exist_ok=True)
    tempfile.tempdir = str(scratch)
    count = 0

    def watch(event: str, details: tuple[Any, ...]) -> None:
        nonlocal count
        if writes(event, details):
            count += 1
            if count == kill_at:
                os.killpg(0, signal.SIGKILL)

    sys.addaudithook(watch)
    sys.argv = ["vi_ner", *arguments.split()]
    if prepare:
        prepare()
    from vi_ner.cli import main

    try:
        main()
    finally:
        sys.stdout.flush()
        os.write(1, f"\0{count}\0".encode())


def contents(folder: Path) -> dict[str, bytes]:
    """What every file below holds, by its path, without the timing in a report."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): VARYING.sub(b"", path.read_bytes()) for path in files}
