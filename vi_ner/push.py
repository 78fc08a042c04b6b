"""Articles to Doccano, with a pipeline's suggestions if wanted: each once, however often it is run."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .client import run_client
from .doccano.session import RESERVED
from .doccano.versions import digest, text_hash
from .errors import ViNerError
from .furniture import require_parts, without_furniture
from .records import Article, Span, from_code_points, read_articles, read_label_types, read_labels
from .settings import LOCAL_DATA, read_env, write_secrets

UNIT = "utf16"  # what Doccano counts in the projects that are created here (grapheme mode off)
PASSWORDS = "annotators.env"


@dataclass(frozen=True)
class Push:
    """What a push has done.

    sent: Documents that were not there before. removed: Further copies, as a retried import leaves them.
    members: Users created, whose passwords are in `.doccano/annotators.env`. without_suggestions: Documents that have
    arrived without their suggestions. left_out: Articles that are nothing but furniture.
    """

    address: str
    created: bool
    sent: int
    documents: int
    removed: int
    members: tuple[str, ...]
    without_suggestions: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def push_articles(
    articles: Path,
    *,
    project: str,
    labels: Path,
    guidelines: Path,
    root: Path,
    suggest: str | None = None,
    shared: bool = False,
    furniture: bool = True,
    annotators: Sequence[str] = (),
    building: Callable[[str], None] = lambda name: None,
) -> Push:
    """Bring articles into a sequence labelling project, created if need be, and check that each is there once.

    labels, guidelines: `labels.json` and a Markdown file, which the project's labels and guideline are made equal to.
    suggest: A trained pipeline whose entities are marked beforehand; only in a shared project, because Doccano shows
        imported spans to nobody but the importer otherwise.
    shared: All annotators work on one version; otherwise each has their own. annotators: Members of the project;
        users who do not exist are created.
    furniture: Show the furniture of ingested articles too. Without it, `convert --articles` puts the spans back into
        the whole articles.
    RAISES (ViNerError): Bad articles or labels, no server, or what the server refuses; see `doccano.upload`.
    """
    if suggest and not shared:
        raise ViNerError(
            "Suggestions need a shared project: elsewhere Doccano shows them to the importer alone.",
            where=project,
            fix="Add --shared. For independent versions with suggestions, push a shared project for each annotator.",
        )
    known = read_articles(articles)
    left_out: tuple[str, ...] = ()
    if not furniture:
        require_parts([article.meta for article in known])
        known = [without_furniture(article) for article in known]
        left_out = tuple(article.doc_id for article in known if not article.text.strip())
        known = [article for article in known if article.text.strip()]
    spans, source = _suggest(known, suggest, read_labels(labels)) if suggest else ({}, "")
    push = push_rows(
        article_rows(known, spans, source=source),
        project=project,
        description=f"{len(known)} articles from {articles.name}",
        labels=read_label_types(labels),
        guideline=guidelines.read_text(encoding="utf8"),
        root=root,
        shared=shared,
        annotators=annotators,
        building=building,
    )
    return replace(push, left_out=left_out)


def push_rows(
    rows: Iterable[dict[str, Any]],
    *,
    project: str,
    description: str,
    labels: list[dict[str, Any]],
    guideline: str,
    root: Path,
    shared: bool,
    overlap: bool = False,
    annotators: Sequence[str] = (),
    building: Callable[[str], None] = lambda name: None,
) -> Push:
    """Bring rows as `article_rows` makes them into a project; see `push_articles`."""
    file = root / LOCAL_DATA / PASSWORDS
    known = read_env(file)
    fresh = {name: secrets.token_urlsafe(12) for name in annotators if name not in known}
    if fresh:
        write_secrets(file, known | fresh)  # first of all: a user whose password got lost could not be helped
    request = {
        "project": project,
        "description": description,
        "guideline": guideline,
        "labels": labels,
        "members": {name: (known | fresh)[name] for name in annotators},
        "shared": shared,
        "overlap": overlap,
    }
    with run_client("push", request, rows=rows, root=root, building=building) as (result, _):
        if fresh:
            write_secrets(file, known | {name: fresh[name] for name in result["members"] if name in fresh})
        return Push(
            address=result["address"],
            created=result["created"],
            sent=result["sent"],
            documents=result["documents"],
            removed=result["removed"],
            members=tuple(result["members"]),
            without_suggestions=tuple(result["without_suggestions"]),
        )


def article_rows(
    articles: Sequence[Article], spans: Mapping[str, Sequence[Span]], *, source: str
) -> list[dict[str, Any]]:
    """Rows for Doccano's import: the text as it is, spans in Doccano's unit, the same metadata keys in every row.

    source: Who made the spans. Doccano stores the columns of a file as a table, so a key that a row lacks is sent as
    an empty text.
    RAISES (ViNerError): A metadata key that Doccano uses itself, or a character that a database cannot hold.
    """
    keys = sorted({key for article in articles for key in article.meta})
    rows = []
    for article in articles:
        _check_article(article)
        marked = spans.get(article.doc_id, ())
        label = [[s.start, s.end, s.label] for s in from_code_points(article.text, marked, UNIT, where=article.doc_id)]
        meta = {key: "" if article.meta.get(key) is None else article.meta[key] for key in keys}
        rows.append(
            {
                "text": article.text,
                "label": label,
                **meta,
                "doc_uid": article.doc_id,
                "text_sha256": text_hash(article.text),
                "suggested": f"{source} {digest(label)}" if label else "",
            }
        )
    return rows


def _check_article(article: Article) -> None:
    clash = sorted(RESERVED & article.meta.keys())
    if clash:
        raise ViNerError(
            f"Doccano uses the metadata key {clash[0]!r} itself.", where=article.doc_id, fix="Give it another name."
        )
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in article.text):
        raise ViNerError(
            "The text holds a NUL or half a surrogate pair, which no database keeps.",
            where=article.doc_id,
            fix="Look where the text was made: it was cut or decoded wrongly.",
        )


def _suggest(articles: Sequence[Article], model: str, labels: Sequence[str]) -> tuple[dict[str, list[Span]], str]:
    """The entities that a pipeline finds, by document id, and the pipeline's name and version."""
    from .tag import load_pipeline  # spaCy and torch, which a push without suggestions need not wait for

    nlp = load_pipeline(model)
    found = {}
    for article, doc in zip(articles, nlp.pipe(article.text for article in articles), strict=True):
        found[article.doc_id] = [Span(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
    unknown = sorted({span.label for spans in found.values() for span in spans} - set(labels))
    if unknown:
        raise ViNerError(
            f"The pipeline marks {', '.join(unknown)}, which the project does not know.",
            where=model,
            fix="Add the labels to labels.json, or take a pipeline trained on these labels.",
        )
    return found, f"{nlp.meta['lang']}_{nlp.meta['name']}-{nlp.meta['version']}"
