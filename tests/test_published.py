"""Published corpora in CoNLL form; the rows here are invented, in the form of PhoNER_COVID19's files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import srsly
from conftest import LABELS, ROOT
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

from vi_ner.cli import app
from vi_ner.convert import USER_DATA, Conversion
from vi_ner.errors import ViNerError
from vi_ner.published import convert_conll, read_label_map

PHONER = ROOT / "annotations" / "phoner"
# Sentences in the word form: joined words, marks apart, one sentence after the other, no documents.
TRAIN = [
    "Bệnh_nhân/O 41007/B-PATIENT_ID là/O anh/O Q./B-NAME S./I-NAME ,/O 37/B-AGE tuổi/O ,/O nam/B-GENDER ./O",
    "Chị/O là/O công_nhân/B-JOB Công_ty/B-ORGANIZATION Dệt/I-ORGANIZATION Suối_Hoa/I-ORGANIZATION ./O",
]
DEV = ["Từ/O 3/B-DATE -/I-DATE 7/I-DATE ở/O thôn/B-LOCATION Nà_Cạn/I-LOCATION ./O"]
TEST = [
    "Ông/O bị/O ho_khan/B-SYMPTOM_AND_DISEASE ,/O đi/O xe_khách/B-TRANSPORTATION 29B/I-TRANSPORTATION ./O",
    "Ngày/O 9/B-DATE /I-DATE 7/I-DATE ,/O ông/O Lò_Văn_Sơ/B-NAME về/O huyện/B-LOCATION Mường_Lát/I-LOCATION ./O",
]


def rows(sentence: str, *, syllables: bool) -> str:
    """A sentence as CoNLL lines; in the syllable form joined words come apart."""
    lines = []
    for pair in sentence.split():
        word, tag = pair.rsplit("/", 1) if not pair.startswith("/") else ("/", pair[1:])
        parts = word.split("_") if syllables else [word]
        inside = tag.replace("B-", "I-")
        lines += [f"{part}\t{inside if i else tag}" for i, part in enumerate(parts)]
    return "\n".join(lines) + "\n\n"


@pytest.fixture(params=["syllable", "word"])
def phoner(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder as in the data set's `data/`: three .conll files and the same as JSON."""
    unit, folder = request.param, tmp_path / request.param
    folder.mkdir()
    for side, sentences in (("train", TRAIN), ("dev", DEV), ("test", TEST)):
        content = "".join(rows(sentence, syllables=unit == "syllable") for sentence in sentences)
        (folder / f"{side}_{unit}.conll").write_text(content, encoding="utf8")
        (folder / f"{side}_{unit}.json").write_text("{}", encoding="utf8")
    return folder


def sides(folder: Path, tokenizer: Language) -> dict[str, list[Doc]]:
    names = ("train", "dev", "test")
    return {name: list(DocBin().from_disk(folder / f"{name}.spacy").get_docs(tokenizer.vocab)) for name in names}


def found(doc: Doc) -> set[tuple[str, str]]:
    return {(ent.text.replace("_", " "), ent.label_) for ent in doc.ents}


def adds_up(account: Conversion) -> bool:
    return account.spans_in == account.spans_converted + len(account.repaired) + len(account.rejected)


def test_ten_labels(phoner: Path, tmp_path: Path, tokenizer: Language) -> None:
    account = convert_conll(phoner, labels=PHONER / "labels.json", output=tmp_path / "out", published_sides=True)
    assert adds_up(account) and account.spans_in == account.spans_converted == 13
    assert not account.labels_left_out
    by_side = sides(tmp_path / "out", tokenizer)
    assert {name: len(docs) for name, docs in by_side.items()} == {"train": 2, "dev": 1, "test": 2}
    assert found(by_side["train"][1]) == {("công nhân", "JOB"), ("Công ty Dệt Suối Hoa", "ORGANIZATION")}
    assert found(by_side["dev"][0]) == {("3 - 7", "DATE"), ("thôn Nà Cạn", "LOCATION")}
    labels = {ent.label_ for docs in by_side.values() for doc in docs for ent in doc.ents}
    assert labels == {row["text"] for row in srsly.read_json(PHONER / "labels.json")}
    assert by_side["test"][0].user_data[USER_DATA]["doc_id"] == f"test_{phoner.name}:1"


def test_our_four_labels_and_what_they_leave_out(phoner: Path, tmp_path: Path, tokenizer: Language) -> None:
    out = tmp_path / "out"
    options = ["--published-sides", "--labels", str(LABELS), "--map", str(PHONER / "four.json"), "-o", str(out)]
    result = CliRunner().invoke(app, ["convert", str(phoner), "--from", "conll", *options], catch_exceptions=False)
    assert result.exit_code == 0
    account = srsly.read_json(out / "conversion.json")
    assert account["spans_in"] == account["spans_converted"] == 7
    left_out = ("AGE", "GENDER", "JOB", "PATIENT_ID", "SYMPTOM_AND_DISEASE", "TRANSPORTATION")
    assert account["labels_left_out"] == dict.fromkeys(left_out, 1)
    assert "Spans left out: AGE" in result.stdout
    (_, doc) = sides(out, tokenizer)["test"]
    assert found(doc) == {("9 / 7", "DATE"), ("Lò Văn Sơ", "PER"), ("huyện Mường Lát", "LOC")}


def test_without_published_sides_documents_are_split_as_all_others(phoner: Path, tmp_path: Path) -> None:
    account = convert_conll(phoner, labels=PHONER / "labels.json", output=tmp_path / "out")
    assert sum(side["documents"] for side in account.sides.values()) == 5
    assert {name for cluster in account.clusters for name in cluster.groups} == {
        name for cluster in account.clusters for name in cluster.doc_ids
    }


def test_the_map_names_every_label_of_ours() -> None:
    names = read_label_map(PHONER / "four.json")
    assert set(names) == {row["text"] for row in srsly.read_json(PHONER / "labels.json")}
    assert {name for name in names.values() if name} == {row["text"] for row in srsly.read_json(LABELS)}


def test_mistakes_get_one_clear_message(phoner: Path, tmp_path: Path) -> None:
    def run(content: object = None, **options: bool) -> None:
        path = tmp_path / "map.json"
        path.write_text(json.dumps(content), encoding="utf8")
        label_map = None if content is None else path
        convert_conll(phoner, labels=LABELS, output=tmp_path / "out", label_map=label_map, **options)  # type: ignore[arg-type]

    with pytest.raises(ViNerError, match=r"label 'DATE'|label 'LOCATION'"):
        run()
    with pytest.raises(ViNerError, match=r"no entry for .*LOCATION"):
        run({"DATE": "DATE"})
    with pytest.raises(ViNerError, match="Not a label map"):
        run(["DATE"])
    next(phoner.glob("dev*.conll")).rename(phoner / "extra.conll")
    with pytest.raises(ViNerError, match="'extra' says no side"):
        run(json.loads((PHONER / "four.json").read_text()), published_sides=True)
    assert not (tmp_path / "out").exists()
