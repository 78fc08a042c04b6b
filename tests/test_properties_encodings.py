"""Every encoding gives back any text that was written in it, and no bytes bring another error than our own."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import texts
from test_encodings import SMALL, write_cp1258, write_table, write_vni

from vi_ner.ingest.encodings import UndecodableError, decode, repair, whole_characters
from vi_ner.ingest.legacy import TCVN3, VN1, VNI

ASCII = "".join(map(chr, range(0x20, 0x7F))) + "\t\n\r"
LETTERS = sorted({char for char in SMALL + SMALL.upper() + "đĐ" if not char.isspace()})


@given(text=texts(), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_unicode_proves_itself(text: str, encoding: str) -> None:
    if encoding == "utf-8":
        assume("\0" not in text and not text.startswith("\ufeff"))
    assume(not (encoding == "utf-16" and text.startswith("\0")))  # its mark and a NUL are the mark of UTF-32
    assert decode(text.encode(encoding)).text == text


@given(text=st.text(st.sampled_from(ASCII + TCVN3[0x80:].replace("\ufffd", ""))))
def test_tcvn3(text: str) -> None:
    # TCVN3 has one code for a letter with a tone in either case; what it may make capital is tested in test_encodings.
    assert decode(write_table(text, TCVN3), encoding="tcvn3").text.casefold() == text.casefold()


@given(text=st.text(st.sampled_from(ASCII + VN1[0x80:])))
def test_vn1(text: str) -> None:
    assert decode(write_table(text, VN1), encoding="vn1").text == unicodedata.normalize("NFC", text)


@given(text=st.text(st.sampled_from(ASCII + "".join(sorted(set(VNI.values()))))))
def test_vni(text: str) -> None:
    assert decode(write_vni(text), encoding="vni").text == text


@given(text=st.text(st.sampled_from(ASCII + "".join(LETTERS))))
def test_windows_1258(text: str) -> None:
    assert decode(write_cp1258(text), encoding="cp1258").text == unicodedata.normalize("NFC", text)


@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_text_or_refused(data: bytes) -> None:
    try:
        text = decode(data).text
    except UndecodableError as error:
        assert str(error)
    else:
        repair(text).text.encode("utf8")


@pytest.mark.parametrize("encoding", ["hex", "zlib", "rot13", "base64", "no-such", "undefined", ""])
def test_codecs_that_are_no_encodings(encoding: str) -> None:
    with pytest.raises(UndecodableError, match="Cannot be read as"):
        decode(b"6162", encoding=encoding)


@given(text=st.text(st.characters(), max_size=20))
def test_half_characters_become_whole_or_marked(text: str) -> None:
    whole = whole_characters(text)
    whole.encode("utf8")
    assert whole_characters(whole) == whole
    joined = text.encode("utf-16-le", "surrogatepass")
    assert len(whole.encode("utf-16-le")) == len(joined) and whole.count("\ufffd") >= text.count("\ufffd")
