"""Conversion accounts for every span, and sides do not depend on what they must not depend on."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from conftest import LABELS
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import DocBin
from strategies import NEWS, json_values, marked_texts

from vi_ner.convert import USER_DATA, Conversion, convert
from vi_ner.errors import ViNerError
from vi_ner.records import Span
from vi_ner.split import SIDES, Document, assign_sides, side_of

Marked = tuple[str, list[Span]]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("convert")


def run(scratch: Path, files: dict[str, list[dict[str, Any]]]) -> Conversion:
    """Convert rows, given by file name."""
    folder = scratch / "in"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, rows in files.items():
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return convert(folder, articles=None, labels=LABELS, output=scratch / "out", max_rejected=1.0)


def to_row(number: int, marked: Marked, **meta: Any) -> dict[str, Any]:
    text, spans = marked
    label = [[span.start, span.end, span.label] for span in spans]
    return {"doc_uid": f"d{number}", "text": text, "label": label, "offset_unit": "codepoint", **meta}


@settings(max_examples=settings().max_examples // 2)
@given(documents=st.lists(marked_texts(), min_size=1, max_size=4), twice=st.booleans())
def test_every_span_is_converted_repaired_or_rejected(
    documents: list[Marked], twice: bool, scratch: Path, tokenizer: Language
) -> None:
    documents = [(text, [*spans, *spans[:twice]]) for text, spans in documents]
    account = run(scratch, {"a.jsonl": [to_row(i, marked) for i, marked in enumerate(documents)]})
    given_spans = [(f"d{i}", span) for i, (_, spans) in enumerate(documents) for span in spans]
    assert account.spans_in == len(given_spans)
    assert account.spans_in == account.spans_converted + len(account.repaired) + len(account.rejected)
    assert account.documents_converted == len(documents)
    docs = [
        doc for side in SIDES for doc in DocBin().from_disk(scratch / "out" / f"{side}.spacy").get_docs(tokenizer.vocab)
    ]
    assert sorted((doc.user_data[USER_DATA]["doc_id"], doc.text) for doc in docs) == [
        (f"d{i}", text) for i, (text, _) in enumerate(documents)
    ]
    written = [(doc.user_data[USER_DATA]["doc_id"], ent) for doc in docs for ent in doc.ents]
    assert len(written) == account.spans_converted + len(account.repaired)
    changed = {(change.doc_id, change.start, change.end, change.label) for change in account.repaired}
    for doc_id, ent in written:
        # Each is a gold span, or lies in a repaired one of which nothing but blanks is missing.
        texts = dict(zip((f"d{i}" for i in range(len(documents))), documents, strict=True))[doc_id][0]
        key = (doc_id, Span(ent.start_char, ent.end_char, ent.label_))
        around = [c for c in changed if c[0] == doc_id and c[1] <= ent.start_char and ent.end_char <= c[2]]
        assert key in given_spans or around
        for _, start, end, label in [] if key in given_spans else around[:1]:
            cut = texts[start : ent.start_char] + texts[ent.end_char : end]
            assert label == ent.label_ and not any(char.isalnum() for char in cut)
        assert not ent[0].is_space and not ent[-1].is_space  # spaCy cannot be trained on such


@settings(max_examples=settings().max_examples // 2)
@given(meta=st.dictionaries(st.sampled_from(["group", "published", "topic", "x"]), json_values))
def test_any_metadata_is_kept_or_refused(meta: dict[str, Any], scratch: Path, tokenizer: Language) -> None:
    try:
        account = run(scratch, {"a.jsonl": [to_row(0, ("Bà Mẫn", [Span(3, 6, "PER")]), **meta)]})
    except ViNerError as error:
        assert str(error).isprintable()
        return
    (side,) = [side for side in SIDES if account.sides[side]["documents"]]
    (doc,) = DocBin().from_disk(scratch / "out" / f"{side}.spacy").get_docs(tokenizer.vocab)
    assert json.dumps(doc.user_data[USER_DATA]["meta"]) == json.dumps(meta)


@settings(max_examples=settings().max_examples // 4)
@given(documents=st.lists(marked_texts(), min_size=2, max_size=6), seed=st.integers(0, 99), data=st.data())
def test_neither_order_nor_file_names_change_a_byte(
    documents: list[Marked], seed: int, data: st.DataObject, scratch: Path
) -> None:
    rows = [to_row(i, marked) for i, marked in enumerate(documents)]
    run(scratch, {"a.jsonl": rows})
    once = [(scratch / "out" / f"{side}.spacy").read_bytes() for side in SIDES]
    random.Random(seed).shuffle(rows)
    cut = data.draw(st.integers(0, len(rows)))
    run(scratch, {"tin 1 'mới'.jsonl": rows[:cut], "Bản nháp.jsonl": rows[cut:]})
    assert once == [(scratch / "out" / f"{side}.spacy").read_bytes() for side in SIDES]


# Few words and groups, so that documents repeat and share groups often.
sentences = st.lists(st.sampled_from(NEWS[:8]), min_size=1, max_size=9).map(" ".join)
corpora = st.lists(
    st.tuples(
        sentences, st.sampled_from([f"g{i}" for i in range(6)]), st.sampled_from(["", "2024-01-02", "2023-05-06"])
    ),
    min_size=1,
    max_size=12,
).map(lambda rows: [Document(f"d{i:02}", text, group, date) for i, (text, group, date) in enumerate(rows)])


@given(corpus=corpora, seed=st.integers(0, 99))
def test_sides_are_stable_and_never_separate_a_group(corpus: list[Document], seed: int) -> None:
    clusters = assign_sides(corpus)
    assert sorted(doc_id for cluster in clusters for doc_id in cluster.doc_ids) == [
        document.doc_id for document in corpus
    ]
    shuffled = list(corpus)
    random.Random(seed).shuffle(shuffled)
    assert assign_sides(shuffled) == clusters
    side = {doc_id: cluster.side for cluster in clusters for doc_id in cluster.doc_ids}
    of_text: dict[str, str] = {}
    of_group: dict[str, str] = {}
    for document in corpus:
        assert of_group.setdefault(document.group, side[document.doc_id]) == side[document.doc_id]
        assert of_text.setdefault(document.text, side[document.doc_id]) == side[document.doc_id]
    assert all(cluster.side == side_of(cluster.anchor) and cluster.anchor in cluster.groups for cluster in clusters)


@given(corpus=corpora, more=corpora)
def test_further_documents_move_none_unless_they_link_or_antedate(corpus: list[Document], more: list[Document]) -> None:
    added = [Document(f"e{document.doc_id}", document.text, document.group, document.published) for document in more]
    before, after = assign_sides(corpus), assign_sides([*corpus, *added])
    of_doc = {doc_id: cluster for cluster in after for doc_id in cluster.doc_ids}
    for cluster in before:
        now = of_doc[cluster.doc_ids[0]]
        assert set(cluster.doc_ids) <= set(now.doc_ids)  # what belonged together still does
        if now.anchor == cluster.anchor:
            assert now.side == cluster.side
        else:  # another group lies in the cluster now, and holds its earliest document
            assert now.anchor not in cluster.groups or now.anchor in {document.group for document in added}
