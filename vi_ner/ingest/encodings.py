"""Bytes to text, with evidence. No encoding is taken on a guess.

UTF-8 and UTF-16 prove themselves. What is neither is read in every candidate (those charset-normalizer proposes and the
four that Vietnamese archives hold), and the readings are compared by the one thing that tells them apart: how many of
the words with marks Vietnamese spelling allows. Without enough such words, or with two readings that both look right,
the document is refused and the refusal says what was seen.
"""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import dataclass

import charset_normalizer
import ftfy
import ftfy.badness
import regex

from .legacy import decode_legacy, lost_capitals, restore_capitals
from .letters import spelling

LEGACY = ("tcvn3", "vn1", "vni")
CANDIDATES = ("cp1258", *LEGACY, "utf_16_le", "utf_16_be")
ENOUGH = 3  # marked words that spelling allows, below which there is no evidence
CONVINCING = 0.85  # share of the marked words that spelling must allow
APART = 0.75  # what the second best reading may reach of the best
SAMPLE = 200_000  # bytes that decide
BOMS = (
    (codecs.BOM_UTF8, "utf_8_sig"),
    (codecs.BOM_UTF32_LE, "utf_32"),
    (codecs.BOM_UTF32_BE, "utf_32"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
)
_HALF = regex.compile(r"[\ud800-\udfff]")
_KEEP_ALL = ftfy.TextFixerConfig(
    unescape_html=False,
    remove_terminal_escapes=False,
    fix_encoding=True,
    restore_byte_a0=True,
    replace_lossy_sequences=False,
    decode_inconsistent_utf8=True,
    fix_c1_controls=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=False,
    fix_surrogates=False,
    remove_control_chars=False,
    normalization=None,
)


SMALL_CAPITALS = "no capital vowels with tones: a word that begins with one is small unless others show otherwise"


class UndecodableError(Exception):
    """No reading of the bytes has evidence for it; the message says what was seen."""


@dataclass(frozen=True)
class Reading:
    """A text, the encoding it was read in, what speaks for it, and why it may not be as it was, or empty."""

    text: str
    encoding: str
    evidence: str
    doubtful: str = ""


@dataclass(frozen=True)
class Repair:
    """A text after repair of what an earlier wrong reading did to it. `how` is empty where nothing was done."""

    text: str
    how: str
    doubtful: str  # why the text still looks damaged; empty where it does not


def decode(data: bytes, *, encoding: str | None = None) -> Reading:
    """The text of `data`; `encoding`, where given, is what its owner says and is not questioned.

    RAISES (UndecodableError): Binary content, or no reading with evidence.
    """
    found = Reading("", encoding, "given") if encoding is not None else detect(data)
    text = _decode_as(data, found.encoding)
    evidence = found.evidence + (f"; {SMALL_CAPITALS}" if found.encoding == "tcvn3" else "")
    return Reading(text, found.encoding, evidence, _doubt(text, found.encoding))


def _doubt(text: str, encoding: str) -> str:
    lost = lost_capitals(text) if encoding == "tcvn3" else 0
    return f"capitals may be lost in {lost} places: TCVN3 has no capital vowels with tones" if lost else ""


def detect(data: bytes) -> Reading:
    """The encoding of `data` from its first bytes; `text` is the reading of those.

    RAISES (UndecodableError): As `decode`.
    """
    for bom, name in BOMS:
        if data.startswith(bom):
            return Reading(_decode_as(data[: SAMPLE // 4 * 4], name, cut=True), name, "byte order mark")
    sample = data[: SAMPLE // 4 * 4]
    if b"\0" not in sample:
        try:
            return Reading(_decode_as(sample, "utf_8", cut=len(sample) < len(data)), "utf_8", "valid UTF-8")
        except UndecodableError:
            pass
    return _by_spelling(sample)


def _by_spelling(sample: bytes) -> Reading:
    has_nul = b"\0" in sample
    names = [name for name in CANDIDATES if name.startswith("utf_16") == has_nul]
    suggested = [] if has_nul else [match.encoding for match in charset_normalizer.from_bytes(sample[:20_000])][:3]
    readings: dict[str, tuple[float, int, str]] = {}
    for name in dict.fromkeys([*names, *suggested]):
        try:
            text = _decode_as(sample, name, cut=True)
        except UndecodableError:
            continue
        seen = spelling(text)
        if text not in readings and not _has_controls(text):
            readings[text] = (seen.score, seen.spelled, name)
    ranked = sorted(((*value, text) for text, value in readings.items()), key=lambda row: (-row[0], -row[1], row[2]))
    if not ranked:
        raise UndecodableError("Binary content, no text in any known encoding.")
    score, spelled, name, text = ranked[0]
    # tcvn3 and vn1 share their letters and differ in quotation marks: the better of the two is no rival of the other.
    rival = max((row[0] for row in ranked[1:] if {row[2], name} != {"tcvn3", "vn1"}), default=0.0)
    if score < CONVINCING or spelled < ENOUGH or rival > APART * score:
        hint = f"; charset-normalizer proposes {suggested[0]}" if suggested else ""
        raise UndecodableError(
            f"Not UTF-8, and no evidence for another encoding (best: {name}, {spelled} Vietnamese syllables with "
            f"marks, {score:.0%} of the marked words{hint})."
        )
    return Reading(text, name, f"{spelled} syllables with marks, {score:.0%} of the marked words")


def _decode_as(data: bytes, encoding: str, *, cut: bool = False) -> str:
    """cut: The data may end inside a character.

    RAISES (UndecodableError): The encoding is unknown or does not fit.
    """
    try:
        if encoding in LEGACY:
            text = decode_legacy(data, encoding)
            return restore_capitals(text) if encoding == "tcvn3" else unicodedata.normalize("NFC", text)
        "".encode(encoding)  # LookupError for codecs that turn bytes into bytes, as `hex` does
        text = codecs.getincrementaldecoder(encoding)().decode(data, final=not cut)
    except (UnicodeError, LookupError) as error:
        raise UndecodableError(f"Cannot be read as {encoding}: {error}.") from error
    # Windows-1258 writes a tone after its letter for want of codes: composing is part of reading it.
    return unicodedata.normalize("NFC", text) if encoding == "cp1258" else text


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(char) == "Cc" and char not in "\t\n\r\f\v\x1a" for char in text[:20_000])


def repair(text: str) -> Repair:
    """Undo an earlier wrong reading where that is certain: afterwards the text is spelled as Vietnamese, before not."""
    text = whole_characters(text)
    before = spelling(text)
    fixed = ftfy.fix_text(text, _KEEP_ALL)
    after = spelling(fixed)
    if fixed != text and after.score >= CONVINCING > before.score and after.spelled >= ENOUGH and "\ufffd" not in fixed:
        return Repair(fixed, f"ftfy {ftfy.__version__}", "")
    if before.score < APART * CONVINCING and before.strange + before.marked - before.spelled >= ENOUGH:
        readings = {name: _reread(text, name) for name in LEGACY}
        seen = {name: spelling(reading) for name, reading in readings.items() if reading}
        name = max(seen, key=lambda name: seen[name].score, default="")
        if name and seen[name].score >= CONVINCING and seen[name].spelled >= ENOUGH:
            doubt = _doubt(readings[name], name)
            return Repair(readings[name], f"{name} that had been read as windows-1252", doubt)
    if "\ufffd" in text:
        return Repair(text, "", f"{text.count(chr(0xFFFD))} characters lost in an earlier conversion (U+FFFD)")
    if fixed != text or ftfy.badness.is_bad(text):
        return Repair(text, "", "looks like a text read in a wrong encoding, and no repair is certain")
    return Repair(text, "", "")


def whole_characters(text: str) -> str:
    """The text with halves of characters joined, and with U+FFFD for those that are alone.

    JSON escapes may hold such halves (lone surrogates); no file, database or pipeline takes them.
    """
    if _HALF.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _reread(text: str, encoding: str) -> str:
    """The text whose bytes in `encoding` were read as Windows-1252; empty where they cannot have been."""
    try:
        return _decode_as(_to_windows(text), encoding)
    except (UnicodeError, UndecodableError):
        return ""


def _to_windows(text: str) -> bytes:
    """Windows-1252 where it has the character, Latin-1 for the codes it leaves open."""
    return b"".join(char.encode("latin-1") if ord(char) < 256 else char.encode("cp1252") for char in text)
