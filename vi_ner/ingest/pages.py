"""Saved web pages: all visible text as lines, and what the page's structure says each line is.

trafilatura finds the article, its title, author and site, htmldate its date. The text of the article is not
trafilatura's, which leaves things out, but everything a reader of the page sees, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import htmldate
import regex
import trafilatura
from lxml import etree
from lxml import html as lxml_html

from .forms import fold_line, is_byline, is_caption

UNSEEN = {"script", "style", "noscript", "template", "head", "svg", "iframe", "select", "option", "object", "textarea"}
_BLOCKS = (
    "address article aside blockquote body button caption center dd details div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol p pre section summary table tbody td tfoot th "
    "thead tr ul"
)
_BREAKING = {*_BLOCKS.split(), "br"}
_SITE = regex.compile(
    r"(?:^|[\s_-])(?:related|relate|lien-?quan|tin-?khac|doc-?them|read-?more|recommend\w*|side-?bar|comments?|binh-?luan|"
    r"shares?|social\w*|tags?|breadcrumbs?|menu|nav\w*|footer|banner|ads?|advert\w*|quang-?cao|newsletter|popular|"
    r"most-?(?:read|view)|follow\w*|toolbar|copyright|subscribe)(?:$|[\s_-])",
    regex.IGNORECASE,
)
_MASTHEAD = regex.compile(r"(?:^|[\s_-])(?:site-?(?:header|name|title)|masthead|logo|brand\w*)(?:$|[\s_-])", regex.I)
_LEAD = regex.compile(r"(?:^|[\s_-])(?:sapo|lead|chapeau|sub-?title|summary|description|mo-?ta)(?:$|[\s_-])", regex.I)
_AUTHOR = regex.compile(r"(?:^|[\s_-])(?:authors?|tac-?gia|byline|but-?danh)(?:$|[\s_-])", regex.I)
_CAPTION = regex.compile(r"(?:^|[\s_-])(?:caption\w*|image-?desc\w*|chu-?thich|photo-?desc)(?:$|[\s_-])", regex.I)
_CAPITAL_FONT = regex.compile(r"\.Vn\w+H\b")  # draws small letters as capitals, see `legacy`
LINKED = 0.6  # share of a line inside links from which it is a link and not a sentence with one


@dataclass(frozen=True)
class Page:
    """A page's lines, for each what its structure says (a part or None), and what is known about the article."""

    lines: list[str]
    hints: list[str | None]
    meta: dict[str, str]


@dataclass
class _Block:
    """A line in the making: its pieces, the characters of them inside links, and the elements around it."""

    pieces: list[str]
    linked: int
    around: tuple[Any, ...]

    @property
    def text(self) -> str:
        return regex.sub(r"[ \t\r\n\f]+", " ", "".join(self.pieces)).strip(" ")


def read_page(html: str) -> Page:
    """The page of an HTML document, however broken; one without text has no lines."""
    try:
        root = lxml_html.document_fromstring(html.encode("utf8", "replace"), parser=_parser())
    except (etree.LxmlError, ValueError, AssertionError):
        return Page([], [], {})
    blocks = [block for block in _blocks(root) if block.text]
    article, meta = _extract(html)
    hints = [_hint(block, meta.get("title", "")) for block in blocks]
    hints = _outside(blocks, hints, article) if article else hints
    return Page([block.text for block in blocks], _one_headline(blocks, hints), meta)


def _parser() -> Any:
    return lxml_html.HTMLParser(encoding="utf8", remove_comments=True, remove_pis=True, huge_tree=True)


def _blocks(root: Any) -> Iterator[_Block]:
    """The lines of the page, in order: block elements and <br> end one."""
    stack: list[Any] = []
    block = _Block([], 0, ())
    unseen = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        hidden = element.tag in UNSEEN or element.get("hidden") is not None
        breaks = element.tag in _BREAKING
        if event == "start":
            unseen += hidden
            stack.append(element)
        if breaks and block.pieces:
            yield block
            block = _Block([], 0, ())
        if event == "end":
            unseen -= hidden
            stack.pop()
        text = element.text if event == "start" else element.tail
        if text and any(_CAPITAL_FONT.search(f"{e.get('face', '')} {e.get('style', '')}") for e in stack):
            text = text.upper()
        if text and not unseen and (text.strip() or block.pieces):
            in_link = any(above.tag == "a" for above in stack)
            block.linked += in_link * len(text.strip())
            block.pieces.append(text)
            block.around = block.around or tuple(stack)
    if block.pieces:
        yield block


def _extract(html: str) -> tuple[str, dict[str, str]]:
    """The article's text in trafilatura's reading, and title, author, site and publication date."""
    found: Any = trafilatura.bare_extraction(html, include_comments=False, include_tables=True, with_metadata=True)
    date = htmldate.find_date(html, original_date=True, extensive_search=False)
    if found is None:
        return "", {"published": date} if date else {}
    names = {"title": found.title, "author": found.author, "source": found.sitename or found.hostname, "url": found.url}
    meta = {key: str(value).strip() for key, value in names.items() if value}
    return found.text or "", meta | ({"published": date} if date else {})


def _hint(block: _Block, title: str) -> str | None:
    """What the elements around a line say about it."""
    tags = {element.tag for element in block.around}
    names = [f"{element.get('class', '')} {element.get('id', '')}" for element in block.around if element.tag != "body"]
    line = fold_line(block.text)
    if any(_MASTHEAD.search(name) for name in names):
        return "furniture"
    if "h1" in tags or (title and line == fold_line(title) and tags & {"h2", "h3"}):
        return "headline"
    if "figcaption" in tags or (names and _CAPTION.search(names[-1])):
        return "caption"
    if names and _AUTHOR.search(" ".join(names[-2:])) and len(line.split()) <= 12:
        return "byline"
    site = tags & {"nav", "footer", "aside", "form", "button"} or any(_SITE.search(name) for name in names)
    if site or block.linked > LINKED * len(block.text):
        return "furniture"
    if names and _LEAD.search(" ".join(names[-2:])):
        return "lead"
    return None


def _outside(blocks: list[_Block], hints: list[str | None], article: str) -> list[str | None]:
    """Lines that are not in trafilatura's article are furniture, unless structure or form says what they are."""
    flat = regex.sub(r"\W+", " ", article).casefold()
    inside = [regex.sub(r"\W+", " ", block.text).strip().casefold() in flat for block in blocks]
    if not any(inside):
        return hints
    first, last = inside.index(True), len(inside) - 1 - inside[::-1].index(True)
    homes = {block.around[-2:-1] for block, found in zip(blocks, inside, strict=True) if found}
    marked: list[str | None] = []
    for i, (block, hint) in enumerate(zip(blocks, hints, strict=True)):
        line = fold_line(block.text)
        near = first - 3 <= i <= last + 3
        # Between the article's paragraphs and beside them: a drawn quotation, say.
        among = first < i < last and block.around[-2:-1] in homes
        known = hint is not None or inside[i] or among or (near and (is_byline(line) or is_caption(line)))
        marked.append(hint if known else "furniture")
    return marked


def _one_headline(blocks: list[_Block], hints: list[str | None]) -> list[str | None]:
    """The headline is the first line marked so that is longer than a site's name; the others are furniture."""
    heads = [i for i, hint in enumerate(hints) if hint == "headline"]
    chosen = next((i for i in heads if len(blocks[i].text.split()) >= 4), heads[0] if heads else None)
    return ["furniture" if i in heads and i != chosen else hint for i, hint in enumerate(hints)]
