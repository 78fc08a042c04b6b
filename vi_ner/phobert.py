"""PhoBERT's tokenizer as a fast one, which knows the offsets of its word pieces.

PhoBERT (Nguyen & Nguyen 2020) comes with `vocab.txt` and `bpe.codes` of fastBPE. In the vocabulary a piece that ends a
word is written plainly and any other ends in `@@`; in the merges it is the other way round, and the last piece of a
word ends in `</w>`. `tokenizers` has the second form as byte-pair encoding with an end-of-word suffix.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, processors

from .errors import ViNerError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SPECIAL = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
MASK = "<mask>"
WORD_END = "</w>"
CONTINUED = "@@"
# Marks that segmented text has apart: dots in a row, brackets and the like, and whatever stands at the edge of a word.
# Those inside `12/9`, `97,5` and `TP.HCM` stay, and the underscore is none.
WORDY = r"\p{L}\p{M}\p{N}_"
MARKS = rf"\.{{2,}}|[\"“”„«»‘’(){{}}\[\]<>…;!?]|[^{WORDY}](?![\p{{L}}\p{{N}}])|(?<![{WORDY}])[^{WORDY}]"


def make_fast(slow: Any, model: PreTrainedModel) -> Tokenizer:
    """The tokenizer of a loaded PhoBERT as a fast one; ids beyond the model's get the embedding of `<unk>` (in place).

    slow: transformers' PhobertTokenizer.
    RAISES (ViNerError): The vocabulary is not the model's.
    """
    import torch

    tokenizer, size = fast_phobert(Path(slow.vocab_file), Path(slow.merges_file))
    embeddings: Any = model.get_input_embeddings()
    if len(embeddings.weight) != size:
        what = f"vocab.txt makes {size} word pieces, the weights have {len(embeddings.weight)}."
        raise ViNerError(what, where=slow.vocab_file, fix="Get the files of one encoder.")
    model.resize_token_embeddings(tokenizer.get_vocab_size(), mean_resizing=False)
    embeddings = model.get_input_embeddings()
    with torch.no_grad():
        embeddings.weight[size:] = embeddings.weight[slow.unk_token_id]
    return tokenizer


def fast_phobert(vocab_file: Path, codes_file: Path) -> tuple[Tokenizer, int]:
    """The tokenizer, with the same ids as transformers' PhobertTokenizer for segmented text, and how many that one has.

    Ids beyond stand for merge products that the vocabulary lacks: byte-pair encoding passes through them, and where one
    remains, PhobertTokenizer says `<unk>`. Their embeddings should be those of `<unk>`.
    """
    vocab = dict(SPECIAL)
    with vocab_file.open(encoding="utf8") as stream:
        for line in stream:
            piece = line.strip().rpartition(" ")[0]  # its frequency stands behind it
            vocab[_in_merges(piece)] = len(vocab)
    size = len(vocab) + 1
    vocab[MASK] = len(vocab)
    lines = codes_file.read_text(encoding="utf8").split("\n")[:-1]
    merges = [(first, second) for first, second, *_frequency in map(str.split, lines)]
    for first, second in merges:
        for piece in (first, second, first + second):
            vocab.setdefault(piece, len(vocab))
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", end_of_word_suffix=WORD_END, fuse_unk=False))
    marks = pre_tokenizers.Split(Regex(MARKS), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), marks])
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in [*SPECIAL, MASK]])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", SPECIAL["<s>"]), ("</s>", SPECIAL["</s>"])],
    )
    return tokenizer, size


def _in_merges(piece: str) -> str:
    inside = piece.endswith(CONTINUED) and piece != CONTINUED
    return piece.removesuffix(CONTINUED) if inside else piece + WORD_END
