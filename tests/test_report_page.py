"""The report as its user meets it: the command, the three files, and the page in a real browser."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from axe_playwright_python.sync_playwright import Axe
from conftest import LABELS, ROOT, marked
from playwright.sync_api import Browser, Page
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, DocBin, Token
from spacy.training import Example
from test_cli import vi_ner
from test_page import watch
from typer.testing import CliRunner, Result

from vi_ner.cli import app
from vi_ner.convert import USER_DATA
from vi_ner.errors import ViNerError
from vi_ner.report.build import Report, read_report, schema
from vi_ner.report.curves import CurvePoint
from vi_ner.report.render import markdown_cell, render_html

EVIL = (
    'Bà <script>window.hacked=1</script> "Pím" & 😀 ở Huế, \u202eđời\u202c năm 2020 <img src=x onerror=window.hacked=1>'
)
PLAIN = "Ông Lò Văn Kheo từ Huế ra Hà Nội hôm 3/4."


@pytest.fixture(scope="module")
def nlp() -> Language:
    """Finds Huế, and takes Hà for a place; so it is right, misses, and gets a border wrong."""
    made = spacy.blank("xx")
    patterns = [{"label": "LOC", "pattern": name} for name in ("Huế", "Hà")]
    made.add_pipe("entity_ruler").add_patterns(patterns)  # type: ignore[attr-defined]
    return made


def gold_docs(nlp: Language, copies: int) -> list[Doc]:
    docs = []
    for number in range(copies):
        for text, name, spans in (
            (EVIL, f'<b>"{number}"', [(EVIL.index("Huế"), EVIL.index("Huế") + 3, "LOC")]),
            (PLAIN, f"d{number}", [(4, 15, "PER"), (19, 22, "LOC"), (26, 32, "LOC"), (33, 40, "DATE")]),
        ):
            doc = marked(nlp.make_doc(text), *spans)
            meta = {"topic": "<i>thời sự</i>", "genre": f"loại {number % 7}"}
            doc.user_data[USER_DATA] = {"doc_id": name, "group": f"nhóm {number}", "meta": meta, "lost": []}
            docs.append(doc)
    return docs


@pytest.fixture(scope="module")
def folder(nlp: Language, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, a gold side and a training side on disk."""
    path = tmp_path_factory.mktemp("report")
    nlp.to_disk(path / "model")
    for name, copies in (("gold", 10), ("train", 6)):
        DocBin(attrs=["ENT_IOB", "ENT_TYPE"], store_user_data=True, docs=gold_docs(nlp, copies)).to_disk(path / name)
    blank = spacy.blank("xx")
    blank.to_disk(path / "worse")
    steps = [{"step": i * 10, "epoch": i, "score": i / 10, "losses": {"tagger": 9.0 - i}} for i in range(5)]
    srsly.write_jsonl(path / "training.jsonl", [{"epoch": 0, "step": 5, "score": None, "losses": {}}, *steps])
    points = [
        CurvePoint(n, side, label, n / 200, n / 250, n / 150)
        for n in (20, 50)
        for side in "ab"
        for label in ("all", "LOC")
    ]
    srsly.write_json(path / "learning-curve.json", [asdict(point) for point in points])
    return path


@pytest.fixture(scope="module")
def made(folder: Path) -> Path:
    """The three files, with everything that an option can add."""
    options = [
        "--train",
        folder / "train",
        "--compare",
        folder / "worse",
        "--run",
        folder / "worse",
        "--labels",
        LABELS,
    ]
    result = vi_ner("report", folder / "model", folder / "gold", "-o", folder / "out", *options, "--fail-if-worse")
    assert result.returncode == 0, result.stderr
    assert "strict   F" in result.stdout
    return folder / "out"


def run(*arguments: object) -> Result:
    """The command in this process: a user's mistake is the result's `exception`."""
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def report(made: Path) -> Report:
    return read_report(made / "report.json")


def test_the_report_by_hand(report: Report) -> None:
    """Ten times: Huế found twice, a person and a date missed, Hà too short."""
    strict = report.scores["strict"]
    assert (strict.micro.correct, strict.micro.predicted, strict.micro.support) == (20, 30, 50)
    assert strict.micro.f == pytest.approx(0.5) and strict.macro.f == pytest.approx(2 / 9)
    assert Counter({kind: count for kind, count in report.kinds.items() if count}) == {
        "correct": 20,
        "missed": 20,
        "too short": 10,
    }
    assert (report.documents, report.groups) == (20, 10)
    assert report.comparison is not None and report.comparison.micro.difference == pytest.approx(0.5)
    assert len(report.comparison.better) == 20 and report.comparison.mcnemar.only_here == 20
    assert report.runs is not None and (report.runs.f, report.runs.mean) == ((0.5, 0.0), 0.25)
    assert report.leakage is not None and len(report.leakage.groups) == 6
    assert [step.step for step in report.training] == [0, 10, 20, 30, 40]
    assert [point.documents for point in report.learning if (point.gold, point.label) == ("a", "LOC")] == [20, 50]
    made_forms = {row.value: row.score for row in report.slices if row.dimension == "made form"}
    assert set(made_forms) == {"as it came", "joined", "spaced", "nfd", "caps", "plain"}
    assert made_forms["caps"].correct == 0 < made_forms["as it came"].correct
    assert report.provenance.model_bytes > 0 and len(report.provenance.gold_sha256) == 64


def test_the_schema_that_is_documented_is_the_one_written(made: Path) -> None:
    documented = srsly.read_json(ROOT / "docs" / "report.schema.json")
    assert schema().json_schema() == documented
    content = srsly.read_json(made / "report.json")
    assert content["version"] == 1 and set(content) == set(documented["properties"])


def test_the_markdown_shows_names_as_they_are(made: Path) -> None:
    text = (made / "report.md").read_text(encoding="utf8")
    assert "**Strict F 50.0**" in text and "<i>" not in text
    assert markdown_cell("a|b\n<i>*&") == "a\\|b &lt;i&gt;\\*&amp;"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--fail-under", "49"], 0, ""),
        (["--fail-under", "51"], 3, "under 51"),
        (["--fail-under", "0.85"], 1, "expected a percentage"),
        (["--fail-if-worse"], 1, "worse than what"),
        (["--compare", "REPORT", "--fail-if-worse"], 4, "Clearly worse"),
    ],
)
def test_gates(options: list[str], code: int, message: str, folder: Path, made: Path, tmp_path: Path) -> None:
    worse = code == 4
    options = [str(made / "report.json") if option == "REPORT" else option for option in options]
    model = folder / ("worse" if worse else "model")
    result = run("report", model, folder / "gold", "-o", tmp_path, *options, "--labels", LABELS)
    assert result.exit_code == code, result.exception
    assert message in result.output + str(result.exception)
    assert (tmp_path / "report.json").exists() == (code != 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model", "nowhere"], "No such file"),
        (["model", "training.jsonl"], "Not a DocBin"),
        (["model", "empty"], "Not one document"),
        (["model", "gold", "--compare", "learning-curve.json"], "Not a report.json of version 1"),
        (["model", "train-only", "--compare", "out/report.json"], "documents are not in this report"),
        (["model", "gold", "--conversion", "learning-curve.json"], "Not the account of a conversion"),
        (["broken/model", "gold"], "Not a training log"),
    ],
)
def test_mistakes_are_named(arguments: list[str], message: str, folder: Path, made: Path, nlp: Language) -> None:
    DocBin().to_disk(folder / "empty")
    DocBin(docs=[nlp.make_doc("Bài khác.")]).to_disk(folder / "train-only")
    (folder / "broken").mkdir(exist_ok=True)
    nlp.to_disk(folder / "broken" / "model")
    (folder / "broken" / "training.jsonl").write_text('{"score": 1}\n', encoding="utf8")
    paths = [argument if argument.startswith("--") else str(folder / argument) for argument in arguments]
    result = run("report", *paths, "-o", folder / "none", "--labels", LABELS)
    assert isinstance(result.exception, ViNerError) and message in str(result.exception)
    assert not (folder / "none").exists()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a file with the network off; anything the page says or asks for fails the test."""
    contexts, heard = [], []

    def open_file(path: Path, **options: Any) -> Page:
        contexts.append(browser.new_context(offline=True, **options))
        tab = contexts[-1].new_page()
        heard.append(watch(tab))
        tab.goto(path.as_uri())
        return tab

    yield open_file
    for context in contexts:
        context.close()
    for said, asked in heard:
        assert said == []
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_accessible_and_nothing_sticks_out(open_page: Callable[..., Page], made: Path, scheme: str, width: int) -> None:
    tab = open_page(made / "report.html", color_scheme=scheme, viewport={"width": width, "height": 900})
    found = Axe().run(tab).response["violations"]
    assert [(row["id"], row["nodes"][0]["html"]) for row in found if row["impact"] in ("serious", "critical")] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_texts_are_shown_and_run_nothing(open_page: Callable[..., Page], made: Path) -> None:
    tab = open_page(made / "report.html")
    tab.fill("#by-text", "onerror")
    assert tab.locator("#documents li").count() == 10
    shown = tab.evaluate("[...document.querySelectorAll('#document .text')].map((node) => node.textContent)[0]")
    visible = EVIL.replace("\u202e", "U+202E").replace("\u202c", "U+202C").replace("Huế", "LOCHuế")
    assert shown == visible
    assert tab.inner_text("#document h3") == '<b>"0"'
    assert tab.evaluate("[window.hacked, document.querySelectorAll('main img, main i, #document script').length]") == [
        None,
        0,
    ]


def test_filters(open_page: Callable[..., Page], made: Path) -> None:
    tab = open_page(made / "report.html")
    rows = tab.locator("#documents li")
    assert rows.count() == 20 and rows.first.locator("b").text_content() == "d0"  # errors first
    assert tab.inner_text("#count") == "20 bài, 30 lỗi"
    tab.select_option("#by-kind", "too short")
    assert tab.inner_text("#count") == "10 bài, 10 lỗi"
    tab.select_option("#by-label", "DATE")
    assert rows.count() == 0 and tab.inner_text("#document") == "Không có bài nào khớp."
    tab.select_option("#by-kind", "missed")
    tab.fill("#by-text", "D7")
    assert rows.count() == 1 and tab.inner_text("#document h3") == "d7"
    assert tab.inner_text("#document .hit") == "DATEhôm 3/4"
    tab.click("#language")
    assert tab.inner_text("#count") == "1 documents, 1 errors"
    tab.select_option("#view", "beside")
    assert tab.locator("#document h4").all_inner_texts() == ["Gold", "Predicted"]


def test_keyboard_and_links(open_page: Callable[..., Page], made: Path) -> None:
    tab = open_page(made / "report.html")
    shown = tab.locator("#document h3")
    for key, name in (("j", "d1"), ("j", "d2"), ("k", "d1"), ("ArrowDown", "d2"), ("ArrowUp", "d1")):
        tab.keyboard.press(key)
        assert shown.inner_text() == name
    assert tab.url.endswith("#doc=d1")
    hits = []
    for key in "nnnnp":
        tab.keyboard.press(key)
        hits.append("".join(tab.locator("#document .text .hit").all_inner_texts()))
    assert hits == ["PERLò Văn Kheo", "LOCLOCHà Nội", "DATEhôm 3/4", "PERLò Văn Kheo", "DATEhôm 3/4"]
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.id") == "by-text"
    tab.keyboard.type("jn")  # letters, not commands, in here
    assert tab.input_value("#by-text") == "jn"
    tab.goto((made / "report.html").as_uri() + "#doc=%3Cb%3E%223%22")
    tab.reload()
    assert shown.inner_text() == '<b>"3"'


def test_a_thousand_documents(open_page: Callable[..., Page], report: Report, tmp_path: Path) -> None:
    from dataclasses import replace

    many = [replace(report.results[i % 20], doc_id=f"bài {i}") for i in range(1000)]
    path = tmp_path / "many.html"
    path.write_text(render_html(replace(report, results=many), json.loads(LABELS.read_text("utf8"))), encoding="utf8")
    tab = open_page(path)
    assert tab.locator("#documents li").count() == 1000
    tab.fill("#by-text", "bài 777")
    assert tab.locator("#documents li").count() == 1 and tab.inner_text("#document h3") == "bài 777"


def test_empty_gold_and_no_predictions(nlp: Language, tmp_path: Path, open_page: Callable[..., Page]) -> None:
    spacy.blank("xx").to_disk(tmp_path / "model")
    DocBin(docs=[nlp.make_doc("Chợ vắng.")]).to_disk(tmp_path / "gold")
    result = run("report", tmp_path / "model", tmp_path / "gold", "-o", tmp_path / "out", "--labels", LABELS)
    assert result.exit_code == 0, result.exception
    assert read_report(tmp_path / "out" / "report.json").scores["strict"].micro.f == 0
    assert open_page(tmp_path / "out" / "report.html").inner_text("#count") == "1 bài, 0 lỗi"


def iob(token: Token) -> str:
    return f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else "O"


def test_the_report_of_the_workflow_agrees_with_other_tools(project: Path, tokenizer: Language) -> None:
    """The real output against spaCy's Scorer, seqeval and metrics.json, from the spans that stand in the report."""
    from seqeval.metrics import classification_report

    report = read_report(project / "training" / "default" / "report.json")
    metrics = srsly.read_json(project / "training" / "default" / "metrics.json")
    strict = report.scores["strict"]
    assert strict.micro.f == pytest.approx(metrics["overall"]["f"])
    assert strict.micro.f_low == pytest.approx(metrics["overall"]["f_low"])
    sides: list[list[Doc]] = [[], []]
    for result in report.results:
        assert not result.lost
        for side, spans in zip(sides, (result.gold, result.predicted), strict=True):
            side.append(marked(tokenizer.make_doc(result.text), *(entity.key for entity in spans)))
    scored = Scorer().score_spans([Example(guess, gold) for gold, guess in zip(*sides, strict=True)], "ents")
    assert strict.micro.f == pytest.approx(scored["ents_f"])
    tags = [[[iob(token) for token in doc] for doc in side] for side in sides]
    by_label = classification_report(*tags, output_dict=True)
    for label, score in strict.labels.items():
        assert score.f == pytest.approx(scored["ents_per_type"][label]["f"])
        assert score.f == pytest.approx(by_label[label]["f1-score"])
    assert strict.macro.f == pytest.approx(by_label["macro avg"]["f1-score"])
