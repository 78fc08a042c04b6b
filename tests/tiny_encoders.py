"""Tiny encoders of each architecture that the configs are for, made on the spot, tokenizer included."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import srsly
import torch
from conftest import ROOT
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaModel,
    XLMRobertaTokenizerFast,
)

from vi_segment import segment

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "pad_token_id": 1,
}


def texts(count: int = 60) -> list[str]:
    """Texts of the project's own corpus."""
    paths = sorted((ROOT / "corpus" / "articles").glob("*.jsonl"))
    return [row["text"] for path in paths for row in srsly.read_jsonl(path)][:count]


def unigram() -> Tokenizer:
    """A Unigram tokenizer as XLM-R has it, with a small vocabulary."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=600, special_tokens=[*SPECIAL, "<mask>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def bert(folder: Path) -> Path:
    """As the bundled encoder: BERT with XLM-R's kind of tokenizer."""
    tokenizer = unigram()
    names = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token"), SPECIAL, strict=True))
    special = names | {"cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
    fast: Any = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=tokenizer.get_vocab_size(), **SIZES)).save_pretrained(folder)
    return folder


def xlm_roberta(folder: Path) -> Path:
    """As XLM-R, which the hub serves in base and large."""
    tokenizer = unigram()
    XLMRobertaTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    torch.manual_seed(0)
    config = XLMRobertaConfig(vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=514, **SIZES)
    XLMRobertaModel(config).save_pretrained(folder)
    return folder


def learn_codes(folder: Path, lines: Iterable[str], *, merges: int) -> int:
    """Write `vocab.txt` and `bpe.codes` as fastBPE does, and give the number of pieces.

    The vocabulary holds the pieces that the lines are cut into, as PhoBERT's does; merge products that only ever are
    a step on the way are in the codes alone.
    """
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    lines = list(lines)
    tokenizer.train_from_iterator(
        lines, trainers.BpeTrainer(vocab_size=merges, end_of_word_suffix="</w>", show_progress=False)
    )
    codes = json.loads(tokenizer.to_str())["model"]["merges"]
    folder.mkdir(exist_ok=True)
    (folder / "bpe.codes").write_text("".join(f"{first} {second} 1\n" for first, second in codes), encoding="utf8")
    found = Counter(piece for encoding in tokenizer.encode_batch(lines) for piece in encoding.tokens)
    pieces = [p.removesuffix("</w>") if p.endswith("</w>") else f"{p}@@" for p, _ in found.most_common()]
    (folder / "vocab.txt").write_text("".join(f"{piece} 1\n" for piece in pieces), encoding="utf8")
    return len(pieces)


def phobert(folder: Path) -> Path:
    """As PhoBERT: RoBERTa with 256 positions over segmented words, `vocab.txt` and `bpe.codes` and nothing more."""
    lines = [segment(line) for text in texts() for line in text.splitlines()]
    size = learn_codes(folder, lines, merges=1500) + len(SPECIAL) + 1
    config = RobertaConfig(
        vocab_size=size, max_position_embeddings=258, type_vocab_size=1, tokenizer_class="PhobertTokenizer", **SIZES
    )
    torch.manual_seed(0)
    RobertaModel(config).save_pretrained(folder)
    return folder


# The encoder that each config is for.
ENCODERS: dict[str, Callable[[Path], Path]] = {
    "default": bert,
    "open": bert,
    "gpu": xlm_roberta,
    "phobert": phobert,
}
