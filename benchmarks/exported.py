"""The trained encoder quantised or exported, beside the way this project runs it: words per second, peak memory, F.

`pip install onnx onnxruntime openvino`, then
`python benchmarks/exported.py training/default/model-best corpus/dev.spacy --words 4000`, and again with
`ONEDNN_MAX_CPU_ISA=AVX2` for a CPU without AMX (ONNX Runtime and OpenVINO do not heed that; see `--only`).

Every variant runs in a process of its own on the same sentences, sorted by length, in batches of 4,096 word pieces at
most. F is the strict one of the whole pipeline with the variant in the place of its encoder.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import spacy
import torch
import typer
from spacy.scorer import Scorer
from spacy.tokens import DocBin
from spacy.training import Example
from transformers.modeling_outputs import BaseModelOutput

from vi_ner.benchmark.tagging import _filled
from vi_ner.benchmark.texts import count_words, first_docs
from vi_ner.fastcpu import encoders

Encode = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # word pieces and mask to last hidden states


class Exported(torch.nn.Module):
    """What is exported: two tensors in, one out."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Last hidden states."""
        states: torch.Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return states


def onnx_file(encoder: Any, folder: Path) -> Path:
    """The encoder as ONNX, batch and length free."""
    path = folder / "encoder.onnx"
    encoder.config._attn_implementation = "eager"
    ids = torch.ones(2, 7, dtype=torch.long)
    free = {0: "batch", 1: "length"}
    torch.onnx.export(
        Exported(encoder),
        (ids, ids),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=["states"],
        dynamic_axes={"input_ids": free, "attention_mask": free, "states": free},
        opset_version=17,
        dynamo=False,
    )
    return path


def with_torch(encoder: Any, _folder: Path, *, dtype: torch.dtype) -> Encode:
    """Weights held in a precision."""
    module = encoder.to(dtype)
    forward = module.forward  # the pipeline's own is replaced later
    return lambda ids, mask: forward(input_ids=ids, attention_mask=mask).last_hidden_state.float()


def with_torch_int8(encoder: Any, _folder: Path) -> Encode:
    """PyTorch's dynamic quantisation of the linear layers."""
    module = torch.ao.quantization.quantize_dynamic(encoder, {torch.nn.Linear}, dtype=torch.qint8)
    return lambda ids, mask: module(input_ids=ids, attention_mask=mask).last_hidden_state


def with_onnx(encoder: Any, folder: Path, *, int8: bool) -> Encode:
    """ONNX Runtime, as exported or dynamically quantised."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path = onnx_file(encoder, folder)
    if int8:
        quantize_dynamic(path, folder / "int8.onnx", weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"])
        path = folder / "int8.onnx"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def encode(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        inputs = {"input_ids": ids.numpy(), "attention_mask": mask.numpy()}
        return torch.from_numpy(session.run(None, inputs)[0])

    return encode


def with_openvino(encoder: Any, folder: Path, *, precision: str) -> Encode:
    """OpenVINO in a precision, or with the ONNX file that ONNX Runtime has quantised."""
    import openvino

    path = onnx_file(encoder, folder)
    hints = {"INFERENCE_NUM_THREADS": torch.get_num_threads(), "INFERENCE_PRECISION_HINT": precision}
    compiled = openvino.Core().compile_model(openvino.Core().read_model(path), "CPU", hints)

    def encode(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        found = compiled({"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
        return torch.from_numpy(np.array(found[0], dtype=np.float32))

    return encode


VARIANTS: dict[str, Callable[[Any, Path], Encode]] = {
    "torch float32": lambda encoder, folder: with_torch(encoder, folder, dtype=torch.float32),
    "torch bfloat16": lambda encoder, folder: with_torch(encoder, folder, dtype=torch.bfloat16),
    "torch dynamic int8": with_torch_int8,
    "onnxruntime float32": lambda encoder, folder: with_onnx(encoder, folder, int8=False),
    "onnxruntime int8": lambda encoder, folder: with_onnx(encoder, folder, int8=True),
    "openvino float32": lambda encoder, folder: with_openvino(encoder, folder, precision="f32"),
    "openvino bfloat16": lambda encoder, folder: with_openvino(encoder, folder, precision="bf16"),
}


def measure(variant: str, model: str, gold: Path, words: int, rounds: int) -> dict[str, float]:
    """Words per second of CPU and of wall time, peak megabytes, F."""
    nlp = spacy.load(model)
    ((encoder, tokenizer),) = encoders(nlp)
    docs = list(DocBin().from_disk(gold).get_docs(nlp.vocab))
    chosen = first_docs(docs, words)
    with nlp.select_pipes(enable=nlp.config["corpora"]["train"]["sentences_by"]):
        texts = [sentence.text for doc in chosen for sentence in nlp(nlp.make_doc(doc.text)).sents]
    pieces = sorted(tokenizer(texts, truncation=True, max_length=512)["input_ids"], key=len)
    batches = [tokenizer.pad({"input_ids": batch}, return_tensors="pt") for batch in _filled(pieces)]
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        encode = VARIANTS[variant](encoder.eval(), Path(folder))
        wall, cpu = [], []
        for _ in range(rounds + 1):
            began, used = time.perf_counter(), time.process_time()
            for batch in batches:
                encode(batch["input_ids"], batch["attention_mask"])
            wall.append(time.perf_counter() - began)
            cpu.append(time.process_time() - used)

        def forward(input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: Any) -> BaseModelOutput:
            return BaseModelOutput(last_hidden_state=encode(input_ids, attention_mask.long()))  # type: ignore[arg-type]

        encoder.forward = forward
        examples = [Example(nlp(nlp.make_doc(doc.text)), doc) for doc in chosen]
    amount = sum(count_words(doc.text) for doc in chosen)
    return {
        "words_per_second": amount / float(np.median(wall[1:])),
        "words_per_cpu_second": amount / float(np.median(cpu[1:])),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "f": float(Scorer.score_spans(examples, "ents")["ents_f"]),
    }


def main(model: str, gold: Path, words: int = 4000, rounds: int = 3, only: str = "", one: str = "") -> None:
    """Print a table; `--only` names variants, separated by commas."""
    if one:
        print(json.dumps(measure(one, model, gold, words, rounds)))
        return
    print("| | words/s | words per CPU second | peak MB | F |\n| --- | ---: | ---: | ---: | ---: |", flush=True)
    for variant in [name.strip() for name in only.split(",")] if only else VARIANTS:
        command = [sys.executable, __file__, model, str(gold), "--words", str(words), "--rounds", str(rounds)]
        done = subprocess.run([*command, "--one", variant], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"| {variant} | {done.stderr.strip().splitlines()[-1]} | | | |", flush=True)
            continue
        row = json.loads(done.stdout.strip().splitlines()[-1])
        print(
            f"| {variant} | {row['words_per_second']:,.0f} | {row['words_per_cpu_second']:,.0f} "
            f"| {row['peak_mb']:,.0f} | {100 * row['f']:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    typer.run(main)
