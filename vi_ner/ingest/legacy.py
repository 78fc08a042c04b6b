"""Two encodings that Vietnamese archives are still full of and that Python does not know, each as a table.

TCVN3 is the encoding of the fonts called .Vn… (ABC): one byte per letter, the letters where TCVN 5712:1993 has them.
Its capitals with a tone have no code (the fonts .Vn…H drew small letters as capitals); VN1, the full table of the
standard, put them where control characters were, and only there do the two differ. VNI writes a letter as a base and a
second character for its marks, all of them as Windows-1252 has them.
"""

from __future__ import annotations

import codecs

import regex

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
