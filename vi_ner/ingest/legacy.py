"""Two encodings that Vietnamese archives are still full of and that Python does not know, each as a table.

TCVN3 is the encoding of the fonts called .Vn… (ABC): one byte per letter, the letters where TCVN 5712:1993 has them.
Its capitals with a tone have no code: typed in a heading they came out small (`VIệT NAM`), or the heading was set in a
font .Vn…H, which draws every small letter as a capital. VN1, the full table of the standard, put them where control
characters were, and only there do the two differ. VNI writes a letter as a base and a
second character for its marks, all of them as Windows-1252 has them.
"""

from __future__ import annotations

import codecs
from unicodedata import normalize

import regex

from .letters import TONES

# TCVN 5712:1993, VN1: bytes 0x80 to 0xFF. The combining tones at 0xB0 to 0xB4 follow their letter.
_HIGH = (
    "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ\u00a0ĂÂÊÔƠƯĐăâêôơưđẰ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịòỔ"
    "ỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
)
_LOW = dict(zip([1, 2, 4, 5, 6, *range(0x11, 0x18)], "ÚỤỪỬỮỨỰỲỶỸÝỴ", strict=True))
_ASCII = "".join(map(chr, range(128)))
VN1 = "".join(_LOW.get(code, chr(code)) for code in range(128)) + _HIGH
# What Windows documents have between the letters: quotation marks and dashes at 0x80 to 0x9F.
_WINDOWS = bytes(range(0x80, 0xA0)).decode("cp1252", errors="replace")
TCVN3 = _ASCII + _WINDOWS + _HIGH[0x20:]

# VNI: the mark that follows a, e, o, u, y and the letters ơ (ô) and ư (ö), and the letters of one character.
_MARKS = {
    "a": dict(zip("ùøûõïâêáàåãäéèúüë", "áàảãạâăấầẩẫậắằẳẵặ", strict=True)),
    "e": dict(zip("ùøûõïâáàåãä", "éèẻẽẹêếềểễệ", strict=True)),
    "o": dict(zip("ùøûõïâáàåãä", "óòỏõọôốồổỗộ", strict=True)),
    "u": dict(zip("ùøûõï", "úùủũụ", strict=True)),
    "y": dict(zip("ùøûõ", "ýỳỷỹ", strict=True)),
    "ô": dict(zip("ùøûõï", "ớờởỡợ", strict=True)),
    "ö": dict(zip("ùøûõï", "ứừửữự", strict=True)),
}
_SINGLES = dict(zip("ôöíìæóòîñ", "ơưíìỉĩịỵđ", strict=True))


def _vni_table() -> dict[str, str]:
    """What each one or two characters of VNI stand for; a capital may carry a small mark, as people typed it."""
    table = {}
    for base, marks in _MARKS.items():
        for mark, letter in marks.items():
            table[base + mark] = letter
            table[base.upper() + mark.upper()] = table[base.upper() + mark] = letter.upper()
    for char, letter in _SINGLES.items():
        table[char], table[char.upper()] = letter, letter.upper()
    return table


VNI = _vni_table()
_VNI_PIECE = regex.compile("|".join(sorted(map(regex.escape, VNI), key=len, reverse=True)))


def decode_legacy(data: bytes, encoding: str) -> str:
    """The text of `data` in `tcvn3`, `vn1` or `vni`.

    RAISES (UnicodeDecodeError): A byte has no meaning in that encoding.
    """
    if encoding == "vni":
        return _VNI_PIECE.sub(lambda match: VNI[match[0]], data.decode("cp1252"))
    return codecs.charmap_decode(data, "strict", VN1 if encoding == "vn1" else TCVN3.replace("\ufffd", "\ufffe"))[0]


_WORD = regex.compile(r"\p{L}[\p{L}\p{M}]*")
_ADDRESSES = {"Bà", "Cụ", "Dì", "Mẹ", "Má", "Bé"}  # before a name in capitals they need not be in capitals
# A heading or paragraph that begins with a small letter, and a sentence that begins with a small vowel with a tone.
_TONED = "".join(sorted({letter for letter in TCVN3 if letter.islower() and set(normalize("NFD", letter)) & TONES}))
_SMALL_START = regex.compile(rf"(?:^|\n[ \t\r]*\n)\s*[“\"‘(]*\p{{Ll}}|(?<!\.)[.!?][”\"’)]*\s+[“\"‘(]*[{_TONED}]")


def restore_capitals(text: str) -> str:
    """The text of a TCVN3 document with those capitals that there is evidence for.

    Evidence is a word whose only small letters are vowels with tones, beside capitals that are not just its first
    letter (`VIệT`), and a line of nothing but such words and words in capitals (`Hà NộI`).
    """
    return "".join(_capitals_of_line(line) for line in text.splitlines(keepends=True))


def _capitals_of_line(line: str) -> str:
    words = _WORD.findall(line)
    heading = any(map(_is_certain, words)) and all(
        word.isupper() or (_is_hollow(word) and word[0].isupper()) for word in words
    )
    if heading and words[0] not in _ADDRESSES:
        return line.upper()
    return _WORD.sub(lambda match: match[0].upper() if _is_certain(match[0]) else match[0], line)


def _is_certain(word: str) -> bool:
    return _is_hollow(word) and any(char.isupper() for char in word[1:])


def _is_hollow(word: str) -> bool:
    """Whether small letters are there, and all of them are such as have no capital in TCVN3."""
    small = [char for char in word if char.islower()]
    return bool(small) and all(char in _TONED for char in small)


def lost_capitals(text: str) -> int:
    """In how many places a TCVN3 document, after `restore_capitals`, may still lack capitals.

    A heading or a sentence begins with a small letter, or a word stands beside restored ones and could be one (`Bà` in
    `Bà LẠI THỊ MẬN`).
    """
    doubtful = len(_SMALL_START.findall(text))
    for line in text.splitlines():
        words = ["", *_WORD.findall(line), ""]
        restored = [word.isupper() and any(char in _TONED for char in word.lower()) for word in words]
        for i in range(1, len(words) - 1):
            beside = restored[i - 1] + restored[i + 1]
            doubtful += _is_hollow(words[i]) and beside > (0 if words[i][0].isupper() else 1)
    return doubtful
