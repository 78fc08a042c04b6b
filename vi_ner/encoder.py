"""Preparing an encoder: from the bundled file, a folder or a hub to an ordinary Hugging Face folder.

What is done to it, in this order:

1. its last layers are dropped, if asked for: those of a sentence encoder have unlearned what single words mean;
2. its vocabulary is trimmed to Vietnamese and Latin script (Unigram vocabularies only);
3. its tokenizer reads an underscore as a blank, decomposed letters as composed ones and invisible characters as
   nothing, while its offsets stay those of the source text (PhoBERT's is made a fast one first; there an underscore
   joins the syllables of a word, see `vi_segment`);
4. its last layer norm is centred and scaled where the statistics of the output ask for it.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import srsly
from numpy.typing import NDArray
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from . import bundled
from .errors import ViNerError
from .files import replacing_folder
from .inputs import unchanged
from .invisible import INVISIBLE
from .phobert import make_fast

if TYPE_CHECKING:
    from transformers import PreTrainedModel

VOCAB_SIZE = 32_000
# Layers kept of the bundled encoder, of 12. A linear probe for entity tags on frozen outputs of layers 5 to 12 gave F
# 0.75, 0.77, 0.77, 0.78, 0.76, 0.72, 0.65, 0.56; and 8 layers train half as fast again as 12.
BUNDLED_LAYERS = 8
METASPACE = "▁"
SPECIAL_TOKENS = {"bos": "<s>", "eos": "</s>", "pad": "<pad>", "unk": "<unk>"}
# Letters that Vietnamese shares with few other Latin scripts. Those of French or Portuguese (é, ã, …) come with the
# best-scored pieces anyway.
VIETNAMESE_LETTERS = frozenset(
    "ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉĩịọỏốồổỗộớờởỡợụủũứừửữựỳỷỹỵ"
    + "ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉĩịọỏốồổỗộớờởỡợụủũứừửữựỳỷỹỵ".upper()
)
# Output statistics beyond which `recentre` acts. A fresh BERT-like encoder has a mean norm well below its deviation's.
MAX_MEAN_SHARE = 0.5
MIN_DEVIATION = 0.5


@dataclass(frozen=True)
class EncoderReport:
    """What the preparation did.

    pieces: Vocabulary size after trimming, of `source_pieces`.
    pieces_per_syllable, unknown_share: On the sample text of this package (share of pieces that are unknown).
    mean_share: Norm of the mean output vector over the mean norm of output vectors (0 to 1), before recentring.
    deviation: Standard deviation of the centred output, before recentring.
    recentred: Whether the last layer norm was changed.
    megabytes: Size of the model file in 10^6 bytes.
    """

    source: str
    layers: int
    pieces: int
    source_pieces: int
    pieces_per_syllable: float
    unknown_share: float
    mean_share: float
    deviation: float
    recentred: bool
    megabytes: float


def prepare_encoder(*, source: str, output: Path, layers: int | None = None) -> EncoderReport:
    """Write the prepared encoder as a Hugging Face folder (config.json, model.safetensors, tokenizer.json).

    source: `bundled`, `hub` (the bundled encoder's original), a folder, or a name on the hub.
    layers: How many layers to keep from below; None keeps 8 of the bundled encoder and its original, all of others.
    output: Folder to write; what stood there is replaced only when the new one is complete.
    RAISES (ViNerError): The source is missing, has another checksum, has no fast tokenizer, or the disk refuses.
    """
    if source == "bundled":
        model, tokenizer, settings = _load_bundled(bundled.find_bundled())
    else:
        model, tokenizer, settings = _load_pretrained(bundled.MODEL_ID if source == "hub" else source)
    if layers is None and source in ("bundled", "hub"):
        layers = BUNDLED_LAYERS
    keep_layers(model, layers)
    segmented = settings.get("segmented", False)
    source_pieces = tokenizer.get_vocab_size()
    tokenizer, kept = trim_vocab(tokenizer, size=VOCAB_SIZE)
    if kept is not None:
        _keep_embeddings(model, kept)
    adapt_tokenizer(tokenizer, segmented=segmented)
    sample = _sample(segmented=segmented)
    mean_share, deviation, recentred = recentre(model, tokenizer, sample)
    with replacing_folder(output, marker="preparation.json") as folder:
        model.save_pretrained(folder)
        tokenizer.save(str(folder / "tokenizer.json"))
        srsly.write_json(folder / "tokenizer_config.json", settings)
        pieces_per_syllable, unknown = measure_tokenizer(tokenizer, sample)
        report = EncoderReport(
            source=source,
            layers=model.config.num_hidden_layers,
            pieces=tokenizer.get_vocab_size(),
            source_pieces=source_pieces,
            pieces_per_syllable=pieces_per_syllable,
            unknown_share=unknown,
            mean_share=mean_share,
            deviation=deviation,
            recentred=recentred,
            megabytes=(folder / "model.safetensors").stat().st_size / 1e6,
        )
        srsly.write_json(folder / "preparation.json", asdict(report))
    return report


def keep_layers(model: PreTrainedModel, layers: int | None) -> None:
    """Drop all but the first `layers` layers, in place (the "top-layer dropping" of Sajjad et al. 2023).

    RAISES (ViNerError): The model has fewer layers, or is not of the BERT or RoBERTa kind.
    """
    if layers is None:
        return
    stack = getattr(getattr(model, "encoder", None), "layer", None)
    if stack is None or not 0 < layers <= len(stack):
        found = "none that can be dropped" if stack is None else f"{len(stack)}"
        raise ViNerError(f"{layers} layers were asked for, the encoder has {found}.", fix="Give another --layers.")
    del stack[layers:]
    model.config.num_hidden_layers = layers


def keep_piece(piece: str) -> bool:
    """Whether a piece is kept whatever its score: one letter, digit or mark, or written with a Vietnamese letter."""
    body = piece.replace(METASPACE, "")
    known = len(body) <= 1 or not (VIETNAMESE_LETTERS.isdisjoint(body) or joins_punctuation(piece))
    return is_latin(piece) and known


def is_latin(piece: str) -> bool:
    """Whether all letters of a piece are Latin; digits and punctuation do not count."""
    return all("LATIN" in unicodedata.name(char, "") for char in piece if char.isalpha())


def joins_punctuation(piece: str) -> bool:
    """Whether a piece has letters or digits and punctuation, such as `9.`.

    spaCy makes two tokens of it, which would share one vector, and the full stop after a date be part of the date.
    """
    body = piece.replace(METASPACE, "")
    return any(map(str.isalnum, body)) and any(unicodedata.category(char)[0] in "PS" for char in body)


def choose_pieces(pieces: Sequence[tuple[str, float]], *, special: set[int], size: int) -> list[int]:
    """Indices to keep of a Unigram vocabulary, in their old order.

    The rule: special pieces; every Latin-script piece that is one character or has a Vietnamese letter; then the
    best-scored Latin-script pieces until there are `size`. No piece that joins a word or number to its punctuation.
    """
    chosen = {i for i, (piece, _) in enumerate(pieces) if i in special or keep_piece(piece)}
    rest = [
        i for i, (piece, _) in enumerate(pieces) if i not in chosen and is_latin(piece) and not joins_punctuation(piece)
    ]
    rest.sort(key=lambda i: -pieces[i][1])
    return sorted(chosen | set(rest[: max(0, size - len(chosen))]))


def trim_vocab(tokenizer: Tokenizer, *, size: int) -> tuple[Tokenizer, list[int] | None]:
    """Trim a Unigram tokenizer to Vietnamese.

    RETURNS: The tokenizer, and the kept embedding rows in order, or None where nothing was trimmed.
    """
    state = json.loads(tokenizer.to_str())
    if state["model"]["type"] != "Unigram" or len(state["model"]["vocab"]) <= size:
        return tokenizer, None
    vocab = [(piece, score) for piece, score in state["model"]["vocab"]]
    added = {token["id"] for token in state["added_tokens"]} | {state["model"]["unk_id"]}
    kept = choose_pieces(vocab, special=added, size=size)
    new_id = {old: new for new, old in enumerate(kept)}
    state["model"]["vocab"] = [vocab[i] for i in kept]
    state["model"]["unk_id"] = new_id[state["model"]["unk_id"]]
    state["added_tokens"] = [token | {"id": new_id[token["id"]]} for token in state["added_tokens"]]
    for special in (state["post_processor"] or {}).get("special_tokens", {}).values():
        special["ids"] = [new_id[i] for i in special["ids"]]
    return Tokenizer.from_str(json.dumps(state)), kept


def normalizer(*, segmented: bool = False) -> normalizers.Normalizer:
    """What the encoder sees differently from the source: `_` as a blank, no invisible characters, NFKC.

    Normalisation keeps an alignment, so the tokenizer's offsets still point into the source text.
    segmented: The encoder was trained on segmented text, in which `_` joins syllables, and which was composed (NFC).
    """
    if segmented:
        return normalizers.Sequence([normalizers.Replace(Regex(INVISIBLE), ""), normalizers.NFC()])
    return normalizers.Sequence(
        [
            normalizers.Replace("_", " "),
            normalizers.Replace(Regex(INVISIBLE), ""),
            normalizers.NFKC(),
        ]
    )


def adapt_tokenizer(tokenizer: Tokenizer, *, segmented: bool = False) -> None:
    """Put the normalizer first, and keep word pieces from claiming the blank before them (in place).

    With a bare `Metaspace` pre-tokenizer a piece's offsets begin at the preceding blank, and a spaCy token is then
    aligned with the next word's piece as well. Splitting at blanks first makes the offsets exact.
    """
    own = normalizer(segmented=segmented)
    theirs = tokenizer.normalizer
    tokenizer.normalizer = normalizers.Sequence([own, theirs]) if theirs is not None else own
    state = json.loads(tokenizer.to_str())["pre_tokenizer"]
    if state and state["type"] == "Metaspace":
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement=METASPACE)]
        )
    tokenizer.no_padding()
    tokenizer.no_truncation()


def measure_tokenizer(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[float, float]:
    """Word pieces per syllable, and the share of pieces that are unknown, special tokens left out."""
    encodings = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    pieces = [token for encoding in encodings for token in encoding.tokens]
    syllables = sum(len(text.split()) for text in texts)
    unknown_token = json.loads(tokenizer.to_str())["model"].get("unk_token") or SPECIAL_TOKENS["unk"]
    return len(pieces) / syllables, sum(piece == unknown_token for piece in pieces) / len(pieces)


def recentre(model: PreTrainedModel, tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[float, float, bool]:
    """Give the encoder's output mean 0 and deviation 1 by its last layer norm, where its statistics ask for it.

    The layer norm's output is `x * weight + bias`; with bias' = (bias - mean) k and weight' = weight k it is
    `(output - mean) k`: an exact change of coordinates, in place, with nothing added to the model.

    RETURNS: The mean's share of the norm, the centred deviation (both before), whether the norm was changed.
    """
    import torch

    states = _last_hidden_states(model, tokenizer, texts)
    mean = states.mean(axis=0)
    deviation = float((states - mean).std())
    mean_share = float(np.linalg.norm(mean) / np.linalg.norm(states, axis=1).mean())
    norm = _last_layer_norm(model)
    if norm is None or (mean_share <= MAX_MEAN_SHARE and deviation >= MIN_DEVIATION):
        return mean_share, deviation, False
    with torch.no_grad():
        norm.weight.div_(deviation)
        norm.bias.sub_(torch.from_numpy(mean)).div_(deviation)
    return mean_share, deviation, True


def _last_layer_norm(model: PreTrainedModel) -> Any:
    """The layer norm whose output is the model's (BERT and RoBERTa kinds), or None."""
    layers = getattr(getattr(model, "encoder", None), "layer", None)
    return getattr(getattr(layers[-1], "output", None), "LayerNorm", None) if layers else None


def _last_hidden_states(model: PreTrainedModel, tokenizer: Tokenizer, texts: Sequence[str]) -> NDArray[np.float32]:
    """Output vectors of all pieces of all texts, special tokens left out: (pieces, width)."""
    import torch

    model.eval()
    rows = []
    with torch.no_grad():
        for encoding in tokenizer.encode_batch(list(texts)):
            output = model(input_ids=torch.tensor([encoding.ids])).last_hidden_state[0]
            rows.append(output[torch.tensor(encoding.special_tokens_mask) == 0].numpy())
    return np.concatenate(rows)


def _sample(*, segmented: bool) -> list[str]:
    """The sample sentences, as the encoder will read them."""
    sentences = (Path(__file__).parent / "sample.txt").read_text(encoding="utf8").splitlines()
    if not segmented:
        return sentences
    from vi_segment import segment

    try:
        return [segment(sentence) for sentence in sentences]
    except ImportError as error:
        raise ViNerError("This encoder reads segmented words.", fix="Run `pip install pyvi` and try again.") from error


def _keep_embeddings(model: PreTrainedModel, kept: list[int]) -> None:
    """Keep the given rows of the input embeddings, in place."""
    import torch

    embeddings: Any = model.get_input_embeddings()
    rows = embeddings.weight.detach()[torch.tensor(kept)].clone()
    model.resize_token_embeddings(len(kept), mean_resizing=False)
    embeddings = model.get_input_embeddings()
    with torch.no_grad():
        embeddings.weight.copy_(rows)
    if model.config.pad_token_id is not None:
        model.config.pad_token_id = embeddings.padding_idx = kept.index(model.config.pad_token_id)


def _load_bundled(path: Path) -> tuple[PreTrainedModel, Tokenizer, dict[str, Any]]:
    import torch
    from transformers import BertConfig, BertModel

    encoder = bundled.read_bundled(path)
    vocab = encoder.vocab
    rows = encoder.weights["embeddings.word_embeddings.weight"]
    # Rows past the last piece belong to nothing.
    encoder.weights["embeddings.word_embeddings.weight"] = rows[: len(vocab.pieces)]
    config = BertConfig(
        **encoder.hyper,
        vocab_size=len(vocab.pieces),
        pad_token_id=vocab.pad,
        tokenizer_class="PreTrainedTokenizerFast",
    )
    config.bos_token_id, config.eos_token_id = vocab.bos, vocab.eos
    model = BertModel(config)
    state = {name: torch.from_numpy(values.copy()) for name, values in encoder.weights.items()}
    # The class has a pooler that nothing here uses; zeros keep its place without inventing weights.
    state |= {name: torch.zeros_like(value) for name, value in model.state_dict().items() if name.startswith("pooler")}
    model.load_state_dict(state)
    settings: dict[str, Any] = {f"{kind}_token": token for kind, token in SPECIAL_TOKENS.items()}
    settings |= {"cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
    settings |= {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": config.max_position_embeddings,
    }
    return model, _unigram_tokenizer(vocab), settings


def _unigram_tokenizer(vocab: bundled.Unigram) -> Tokenizer:
    """XLM-R's tokenizer: Unigram over pieces that begin with `▁` after a blank, and `<s> … </s>` around a text."""
    tokenizer = Tokenizer(models.Unigram(list(zip(vocab.pieces, vocab.scores, strict=True)), vocab.unk, False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=METASPACE)
    tokenizer.decoder = decoders.Metaspace(replacement=METASPACE)
    names = [*SPECIAL_TOKENS.values(), "<mask>"]
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", vocab.bos), ("</s>", vocab.eos)],
    )
    return tokenizer


def _load_pretrained(source: str) -> tuple[PreTrainedModel, Tokenizer, dict[str, Any]]:
    from transformers import AutoModel, AutoTokenizer, PhobertTokenizer

    try:
        # Code that comes with a stranger's encoder is never run; without the option transformers would ask.
        with unchanged(Path(source)):
            fast = AutoTokenizer.from_pretrained(source, use_fast=True, trust_remote_code=False)
            model = AutoModel.from_pretrained(source, trust_remote_code=False)
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ViNerError(
            f"No encoder could be loaded from there: {reason}",
            where=source,
            fix="Give `bundled`, a folder with config.json, weights and tokenizer.json, or a hub name you can reach.",
        ) from error
    segmented = isinstance(fast, PhobertTokenizer)
    if not fast.is_fast and not segmented:
        raise ViNerError(
            f"Its tokenizer ({type(fast).__name__}) has no fast version, so word pieces have no offsets.",
            where=source,
            fix="Use an encoder with a tokenizer.json.",
        )
    offset = 2 if model.config.model_type in ("roberta", "xlm-roberta", "camembert") else 0
    limit = min(fast.model_max_length, getattr(model.config, "max_position_embeddings", 512) - offset)
    settings = {name: str(token) for name, token in fast.special_tokens_map.items() if isinstance(token, str)}
    settings_all: dict[str, Any] = {**settings, "model_max_length": limit}
    settings_all["tokenizer_class"] = "PreTrainedTokenizerFast"
    if segmented:
        return model, make_fast(fast, model), settings_all | {"segmented": True}
    return model, fast.backend_tokenizer, settings_all
