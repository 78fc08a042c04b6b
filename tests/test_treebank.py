from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from conftest import LABELS, ROOT
from spacy.language import Language
from spacy.tokens import DocBin

from vi_ner.errors import ViNerError
from vi_ner.records import Span
from vi_ner.split import SIDES
from vi_ner.treebank import SPLITS, convert_treebank, with_brackets

TEXTS = {split: [f"Chị Mẫn ở xã Tân Phú kể chuyện {split} số {i} ." for i in range(40)] for split in SPLITS}


@pytest.fixture
def treebank(tmp_path: Path) -> Path:
    """A treebank of our own in the form of the real one: ids repeat across splits, blanks before the text vary."""
    folder = tmp_path / "treebank"
    folder.mkdir()
    for split, texts in TEXTS.items():
        lines = [
            f"# sent_id = s{i}\n# text ={' ' * (i % 2)}{text}\n1\tChị\tchị\tNOUN\n\n" for i, text in enumerate(texts)
        ]
        (folder / f"vi_vtb-ud-{split}.conllu").write_text("".join(lines), encoding="utf8")
    return folder


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    rows = [
        {
            "split": split,
            "sent_id": f"s{i}",
            "sha1": hashlib.sha1(text.encode("utf8")).hexdigest(),
            "label": [[4, 7, "PER"], [10, 20, "LOC"]],
        }
        for split, texts in TEXTS.items()
        for i, text in enumerate(texts)
    ]
    path = tmp_path / "layer.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


def test_layer_and_treebank_are_joined(treebank: Path, layer: Path, tmp_path: Path, tokenizer: Language) -> None:
    account = convert_treebank(layer, treebank, labels=LABELS, output=tmp_path / "out")
    assert (account.documents_in, account.spans_in, account.spans_converted) == (120, 240, 240)
    docs = {
        side: list(DocBin().from_disk(tmp_path / "out" / f"{side}.spacy").get_docs(tokenizer.vocab)) for side in SIDES
    }
    assert sorted(doc.text for side in SIDES for doc in docs[side]) == sorted(
        text for texts in TEXTS.values() for text in texts
    )
    assert {ent.text for ent in docs["train"][0].ents} == {"Mẫn", "xã Tân Phú"}
    assert len(docs["train"]) > 80 and docs["dev"] and docs["test"]


def test_another_text_is_refused(treebank: Path, layer: Path, tmp_path: Path) -> None:
    path = treebank / "vi_vtb-ud-dev.conllu"
    path.write_text(path.read_text(encoding="utf8").replace("dev số 7", "dev số bảy"), encoding="utf8")
    with pytest.raises(ViNerError, match="line 48: The sentence dev:s7 has another text"):
        convert_treebank(layer, treebank, labels=LABELS, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_missing_treebank_says_how_to_get_it(layer: Path, tmp_path: Path) -> None:
    with pytest.raises(ViNerError, match="spacy project assets"):
        convert_treebank(layer, tmp_path / "nowhere", labels=LABELS, output=tmp_path / "out")


def test_the_layer_holds_no_sentence_and_every_key_once() -> None:
    rows = [
        json.loads(line) for line in (ROOT / "annotations" / "ud-vtb.jsonl").read_text(encoding="utf8").splitlines()
    ]
    assert len(rows) == len({(row["split"], row["sent_id"]) for row in rows}) == 2923
    assert all(set(row) == {"split", "sent_id", "sha1", "label"} and len(row["sha1"]) == 40 for row in rows)
    assert {label for row in rows for _, _, label in row["label"]} == {"PER", "ORG", "LOC", "DATE"}


def test_brackets_are_read_as_printed_and_spans_move_along() -> None:
    text = "Ông Lò Pó LBKT 50 tuổi RBKT ở xã Nà Hoi LBKT cũ RBKT ."
    before = [Span(4, 9, "PER"), Span(text.index("xã"), text.index("xã") + 9, "LOC")]
    after, spans = with_brackets(text, before)
    assert after == "Ông Lò Pó ( 50 tuổi ) ở xã Nà Hoi ( cũ ) ."
    assert [after[span.start : span.end] for span in spans] == ["Lò Pó", "xã Nà Hoi"]
