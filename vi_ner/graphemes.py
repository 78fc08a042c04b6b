"""Grapheme clusters as Doccano's editor counts them: by the rules of Unicode 10, whatever is current elsewhere.

Newer rules join what Doccano counts twice (a red-haired person; a newer hand with a skin tone), so that a span behind
such an emoji would come back shifted. Source: the library `grapheme-splitter` 1.0.4, which
Doccano 1.8.4 ships, and Unicode Standard Annex 29, version 10.
"""

from __future__ import annotations

import regex

# E_Base: what a skin tone joins.
_BASE = (
    "\u261d\u26f9\u270a-\u270d\U0001f385\U0001f3c2-\U0001f3c4\U0001f3c7\U0001f3ca-\U0001f3cc\U0001f442\U0001f443"
    "\U0001f446-\U0001f450\U0001f46e\U0001f470-\U0001f478\U0001f47c\U0001f481-\U0001f483\U0001f485-\U0001f487"
    "\U0001f4aa\U0001f574\U0001f575\U0001f57a\U0001f590\U0001f595\U0001f596\U0001f645-\U0001f647"
    "\U0001f64b-\U0001f64f\U0001f6a3\U0001f6b4-\U0001f6b6\U0001f6c0\U0001f6cc\U0001f918-\U0001f91c\U0001f91e"
    "\U0001f91f\U0001f926\U0001f930-\U0001f939\U0001f93d\U0001f93e\U0001f9d1-\U0001f9dd"
)
# E_Base_GAZ (man, woman, boy, girl) and Glue_After_Zwj: what a joiner joins to what stands before it.
_FAMILY = "\U0001f466-\U0001f469"
_GLUE = (
    "\u2640\u2642\u2695\u2696\u2708\u2764\U0001f308\U0001f33e\U0001f373\U0001f393\U0001f3a4\U0001f3a8\U0001f3eb"
    "\U0001f3ed\U0001f48b\U0001f4bb\U0001f4bc\U0001f527\U0001f52c\U0001f5e8\U0001f680\U0001f692"
)
_TONE = "\U0001f3fb-\U0001f3ff"
# A joiner joins those two to anything, which today takes an emoji before it.
_CLUSTER = regex.compile(rf"\X(?:(?<=\u200d)(?=[{_GLUE}{_FAMILY}])\X)*")
# Inside what is one cluster today, the borders that Unicode 10 has besides.
_BORDERS = regex.compile(
    rf"(?<![{_BASE}{_FAMILY}](?:(?![{_TONE}])\p{{GCB=Extend}})?)(?<=.)(?=[{_TONE}])"  # a tone after something else
    rf"|(?<=\u200d)(?=[^{_GLUE}{_FAMILY}\p{{GCB=Extend}}\u200d])"  # a joiner before something else
    r"|(?<=\p{Indic_Syllabic_Category=Virama}[\p{GCB=Extend}\u200d]*)(?=\p{Lo})",  # an Indic conjunct
    flags=regex.DOTALL,
)


def grapheme_starts(text: str) -> list[int]:
    """The code points at which a cluster begins."""
    starts = []
    for match in _CLUSTER.finditer(text):
        cluster = match[0]
        starts.append(match.start())
        if len(cluster) > 1:
            starts += [match.start() + border.start() for border in _BORDERS.finditer(cluster) if border.start()]
    return starts
