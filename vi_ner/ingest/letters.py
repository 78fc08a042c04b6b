"""What Vietnamese spelling allows: the evidence for an encoding, a language, a ruined text.

A written syllable is an onset, a rime and a tone, and each is one of few. A text read in the wrong encoding keeps its
ASCII letters and breaks exactly the syllables with marks, so the share of these that can be spelled is the measure.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

import regex

TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
WORD = regex.compile(r"\p{L}[\p{L}\p{M}]*")
_ONSETS = "b c ch d đ g gh gi h k kh l m n ng ngh nh p ph r s t th tr v x"
_RIMES = """
a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
e ec em en eng eo ep et ê êch êm ên êng ênh êp êt êu i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu
o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong ooc oong op ot
ô ôc ôi ôm ôn ông ôp ôt ơ ơc ơi ơm ơn ơng ơp ơt
u ua uân uâng uât uây uc ue uê uêch uênh ui um un ung uôc uôi uôm uôn uông uôt up ut uơ uy uya uych uyên uyêt uyn uynh
uyp uyt uyu ư ưa ưc ưi ưm ưn ưng ươc ươi ươm ươn ương ươp ươt ươu ưt ưu y yêm yên yêng yêt yêu
"""
_AFTER_QU = """
a ac ach ai an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt ân âng ât âu ây e en eo et ê ên ênh êt êch
i ich in inh it o oc ơ ơt ơn y ych yên yêt ynh yt yu yp ôc
"""


def _any(words: str) -> str:
    return "|".join(words.split())


SPELLED = regex.compile(rf"(?:{_any(_ONSETS)})?(?:{_any(_RIMES)})|qu(?:{_any(_AFTER_QU)})|gi")
_PLAIN = str.maketrans("ăâđêôơư", "aadeoou")
SPELLED_PLAIN = regex.compile(SPELLED.pattern.translate(_PLAIN))
_STOPPED = regex.compile(r"(?:p|t|c|ch)$")
_LETTERS = set("aăâbcdđeêghiklmnoôơpqrstuưvxy")


@lru_cache(maxsize=50_000)
def is_syllable(word: str) -> bool:
    """Whether Vietnamese spelling allows this word, of letters in any case and composition."""
    parts = unicodedata.normalize("NFD", word.lower())
    tones = [char for char in parts if char in TONES]
    base = unicodedata.normalize("NFC", "".join(char for char in parts if char not in TONES))
    if len(tones) > 1 or not SPELLED.fullmatch(base):
        return False
    return not (_STOPPED.search(base) and tones and tones[0] not in "\u0301\u0323")


@lru_cache(maxsize=50_000)
def is_plain_syllable(word: str) -> bool:
    """Whether this could be a Vietnamese syllable that lost its marks."""
    return word.isascii() and SPELLED_PLAIN.fullmatch(word.lower()) is not None


@dataclass(frozen=True)
class Spelling:
    """How much of a text is spelled as Vietnamese.

    words: Words of letters. marked: Those with a letter outside ASCII. spelled: Marked words that are syllables.
    strange: Characters outside ASCII that are neither Vietnamese letters nor common in newspapers.
    """

    words: int
    marked: int
    spelled: int
    strange: int

    @property
    def score(self) -> float:
        """Share of the marked words that can be spelled, lowered by every strange character; 0 without marked words."""
        return self.spelled / (self.marked + self.strange) if self.marked else 0.0


def spelling(text: str, *, limit: int = 20_000) -> Spelling:
    """The spelling of the first `limit` characters."""
    text = unicodedata.normalize("NFC", text[:limit])
    words = WORD.findall(text)
    marked = [word for word in words if not word.isascii()]
    strange = sum(1 for char in text if ord(char) > 127 and not _is_newspaper_character(char))
    return Spelling(len(words), len(marked), sum(is_syllable(word) for word in marked), strange)


@cache
def _is_newspaper_character(char: str) -> bool:
    if char.isalpha():
        parts = unicodedata.normalize("NFD", char.lower())
        return unicodedata.normalize("NFC", "".join(c for c in parts if c not in TONES)) in _LETTERS
    return unicodedata.combining(char) > 0 or char in "“”‘’–—…•·«»°²³½¼¾€©®™\u00a0\u00ad\u200b\u200c\u200d\ufeff×"
