from __future__ import annotations

import shutil
import subprocess
import unicodedata

import pytest

from vi_ner.ingest.encodings import SMALL_CAPITALS, UndecodableError, decode, repair
from vi_ner.ingest.legacy import TCVN3, VN1, VNI, restore_capitals
from vi_ner.ingest.letters import TONES, is_syllable, spelling

TEXT = (
    "Chiều 12/3, ông Đặng Quốc Ẩn và bà Ỷ Lan mở lại lớp dạy chữ ở bãi Cồn Sẻ, nơi ngập lụt đã cuốn mất bờ kè.\n"
    "“Trẻ em vẫn ngồi học giữa gió”, cô Nguyễn Thị Huỳnh Nga kể. Lũ rút, chợ lại họp; người lớn vá lưới, sửa ghe.\n"
)
# Every vowel with every tone, and đ, in syllables that exist, small and capital.
VOWELS = ["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"]
SMALL = " ".join(
    unicodedata.normalize("NFC", f"{vowel}{tone}") + ("m" if vowel in "ăâ" else "")
    for vowel in VOWELS
    for tone in ["", *sorted(TONES)]
)
LETTERS = f"{SMALL} đi đủ. {SMALL.upper()} ĐI ĐỦ. {TEXT}"
SMALL_ONLY = f"{SMALL} đi đủ. {TEXT.lower()}"


def write_table(text: str, table: str) -> bytes:
    return bytes(table.index(char) for char in text)


def write_vni(text: str) -> bytes:
    """The inverse of the decoder's table, first spelling of each letter."""
    written: dict[str, str] = {}
    for pair, letter in VNI.items():
        written.setdefault(letter, pair)
    return "".join(written.get(char, char) for char in text).encode("cp1252")


def write_cp1258(text: str) -> bytes:
    """Windows-1258 as Windows writes it: the letter, and its tone after it."""
    parts = []
    for char in text:
        pieces = unicodedata.normalize("NFD", char)
        tones = "".join(piece for piece in pieces if piece in TONES)
        base = unicodedata.normalize("NFC", "".join(piece for piece in pieces if piece not in TONES))
        parts.append(base + tones)
    return "".join(parts).encode("cp1258")


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("utf_8", LETTERS.encode(), LETTERS),
        ("utf_8_sig", LETTERS.encode("utf-8-sig"), LETTERS),
        ("utf_8", unicodedata.normalize("NFD", LETTERS).encode(), unicodedata.normalize("NFD", LETTERS)),
        ("utf_16", LETTERS.encode("utf-16"), LETTERS),
        ("utf_16_le", LETTERS.encode("utf-16-le"), LETTERS),
        ("utf_16_be", LETTERS.encode("utf-16-be"), LETTERS),
        ("cp1258", write_cp1258(LETTERS), LETTERS),
        ("vni", write_vni(LETTERS), LETTERS),
        ("tcvn3", write_table(SMALL_ONLY, TCVN3), SMALL_ONLY),
        (
            "vn1",
            write_table(LETTERS.replace("“", '"').replace("”", '"'), VN1),
            LETTERS.replace("“", '"').replace("”", '"'),
        ),
    ],
)
def test_every_letter_comes_back(name: str, data: bytes, expected: str) -> None:
    reading = decode(data)
    assert (reading.encoding, reading.text) == (name, expected)


def as_typed_in_tcvn3(text: str) -> str:
    """Without the capitals that TCVN3 has no codes for."""
    return "".join(char.lower() if set(unicodedata.normalize("NFD", char)) & TONES else char for char in text)


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("ĐẢNG CỘNG SẢN VIỆT NAM", None),
        ("HÀ NỘI, ngày 3/9\n\nHÀ NỘI VÀ HUẾ 1999\n", "Hà NỘI, ngày 3/9\n\nHÀ NỘI VÀ HUẾ 1999\n"),
        ("UBND xã THUỶ LỢI họp với VNPT Hà Nội, ông Lý Toàn MỘC đọc.", None),
        ("Bà LẠI THỊ MẬN ở TP ĐÀ LẠT.", "Bà LẠI THỊ MẬN ở TP Đà LẠT."),  # could be a name of its own
        (
            "Bà H'Mỹ ở Gò Vấp; AkzoĐức và iPhone Ý Yên, ông Lê Á.",
            "Bà H'Mỹ ở Gò Vấp; AkzoĐức và iPhone ý Yên, ông Lê á.",
        ),
    ],
)
def test_capitals_without_a_code_come_back_where_there_is_evidence(text: str, back: str | None) -> None:
    assert restore_capitals(as_typed_in_tcvn3(text)) == (back or text)


def test_capitals_that_may_be_lost_are_reported() -> None:
    plain = "Chiều qua, chợ Cái Răng đông người mua bán lúa gạo. Nước lên, ghe về sớm.\n"
    for lost in ("Ở Ấn Độ cũng vậy.", "Ống nước vỡ.", "Bà LẠI THỊ MẬN tới.", "NÓI GÌ Ở HỘI"):
        text = as_typed_in_tcvn3(f"{plain}{lost}")
        assert "capitals may be lost in 1 places" in decode(write_table(text, TCVN3)).doubtful
        assert repair(write_table(text, TCVN3).decode("latin-1")).doubtful
    reading = decode(write_table(as_typed_in_tcvn3(plain), TCVN3))
    assert reading.doubtful == "" and reading.evidence.endswith(SMALL_CAPITALS)
    heading = f"chợ nổi cái răng vắng khách\n\n{plain}"  # set in a font of capitals
    assert decode(write_table(as_typed_in_tcvn3(heading), TCVN3)).doubtful


@pytest.mark.parametrize("name", ["tcvn3", "vni", "cp1258"])
def test_one_plain_sentence_is_enough_evidence(name: str) -> None:
    text = TEXT.splitlines()[1].replace("“", '"').replace("”", '"')
    data = {
        "tcvn3": lambda: write_table(text, TCVN3),
        "vni": lambda: write_vni(text),
        "cp1258": lambda: write_cp1258(text),
    }
    reading = decode(data[name]())
    assert reading.text == text and reading.encoding in {name, "vn1"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (write_table("hà nội", TCVN3), "no evidence"),
        ("Le ministre a déclaré hier à la presse qu'il était très fatigué.".encode("cp1252"), "no evidence"),
        ("東京で会議が開かれた。".encode("shift_jis"), "no evidence"),
        (bytes(range(256)) * 20, "Binary"),
        (TEXT.encode()[:-3] + b"\xff\xfe\xfd", "no evidence"),
    ],
)
def test_no_guess_without_evidence(data: bytes, message: str) -> None:
    with pytest.raises(UndecodableError, match=message):
        decode(data)


@pytest.mark.parametrize(
    "damaged",
    [
        TEXT.encode().decode("latin-1"),
        write_table(TEXT.lower(), TCVN3).decode("latin-1"),
        write_vni(TEXT).decode("cp1252"),
    ],
)
def test_a_wrong_reading_is_undone_where_that_is_certain(damaged: str) -> None:
    done = repair(damaged)
    assert done.text in {TEXT, TEXT.lower()} and done.how and (not done.doubtful or "capitals" in done.doubtful)


@pytest.mark.parametrize("damaged", ["Thị xã bị m\ufffdt điện", "Má»¹ gá»­i thÆ°"])
def test_what_cannot_be_repaired_is_said(damaged: str) -> None:
    done = repair(damaged)
    assert (done.text == damaged and done.doubtful) or done.text == "Mỹ gửi thư"


@pytest.mark.parametrize("text", [TEXT, unicodedata.normalize("NFD", TEXT), "Café ở Huế – 5 °C", "", "M. C. O'Neill"])
def test_sound_text_is_left_alone(text: str) -> None:
    done = repair(text)
    assert (done.text, done.how, done.doubtful) == (text, "", "")


def test_the_table_of_the_standard_is_that_of_iconv() -> None:
    iconv = shutil.which("iconv")
    assert iconv, "Install libc-bin: it has iconv."
    codes = [code for code in range(1, 256) if code not in range(0xB0, 0xB5)]
    data = b"|".join(bytes([code]) for code in codes)
    told = subprocess.run([iconv, "-f", "TCVN", "-t", "UTF-8"], input=data, capture_output=True, check=True)
    assert told.stdout.decode() == "|".join(VN1[code] for code in codes)


def test_spelling() -> None:
    assert all(is_syllable(word) for word in ("nghiêng", "giếng", "quý", "Ỷ", "khuỷu", "ngoằn", "gì", "xoong", "tuyết"))
    assert not any(is_syllable(word) for word in ("đẹf", "bủp", "hồt", "clb", "nhgà", "Kreml", "quừx", "ãm̀"))
    assert spelling("Trời ơi").score == 1.0 and spelling("no marks").score == 0.0
