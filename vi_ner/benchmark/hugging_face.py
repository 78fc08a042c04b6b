"""Our encoder and tagger as a Hugging Face token classifier, and its entities as spaCy's scorer wants them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .cases import Entity

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

LABELS = ["O", *(f"{edge}-{label}" for label in ("PER", "ORG", "LOC", "DATE") for edge in "BI")]


def quiet() -> None:
    """No advice on standard error."""
    from transformers import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def gold_sentences(docs: Sequence[Doc]) -> list[Doc]:
    """Gold documents of one vocabulary, cut as `vi_ner.Sentences.v1` cuts them."""
    import spacy

    from ..sentences import create_abbreviations, create_comma_breaks, create_length_breaks, create_line_breaks, cut

    nlp = spacy.blank("vi", vocab=docs[0].vocab, config={"nlp": {"tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"}}})
    nlp.add_pipe("sentencizer", config={"punct_chars": [".", "!", "?", "…", "..."]})
    for create in (create_abbreviations, create_line_breaks, create_comma_breaks, create_length_breaks):
        ruler: Any = nlp.add_pipe("attribute_ruler", name=create.__name__)
        ruler.add_patterns(create())
    finders = [component for _name, component in nlp.pipeline]
    return [sentence for doc in docs for sentence in cut(doc, finders)]


def classifier(nlp: Language) -> tuple[Any, Any]:
    """A trained pipeline's encoder and tagger as a token classifier (the tag `_` is O), and its tokenizer."""
    import torch
    from transformers import AutoModelForTokenClassification

    from ..fastcpu import encoders
    from ..viterbi import learned

    ((encoder, tokenizer),) = encoders(nlp)
    tagger: Any = nlp.get_pipe("tagger")
    scores = learned(tagger.model)[-1]
    encoder.config.id2label = {i: "O" if label == "_" else label for i, label in enumerate(tagger.labels)}
    model = AutoModelForTokenClassification.from_config(encoder.config)
    getattr(model, model.base_model_prefix).load_state_dict(encoder.state_dict(), strict=False)
    with torch.no_grad():
        model.classifier.weight.copy_(torch.from_numpy(scores.get_param("W")))
        model.classifier.bias.copy_(torch.from_numpy(scores.get_param("b")))
    return model.eval(), tokenizer


def token_classification(model: Any, tokenizer: Any, *, batch: int) -> Any:
    """The pipeline that Hugging Face has for this."""
    from transformers import pipeline

    return pipeline(
        "token-classification",
        model=model,
        tokenizer=tokenizer,
        aggregation_strategy="simple",
        batch_size=batch,
        device="cpu",
    )


def entities_of(found: Sequence[Sequence[dict[str, Any]]], places: Sequence[tuple[str, int]]) -> list[Entity]:
    """What the pipeline found in sentences, of which `places` has the document and the first code point."""
    return [
        (doc_id, first + int(entity["start"]), first + int(entity["end"]), str(entity["entity_group"]))
        for sentence, (doc_id, first) in zip(found, places, strict=True)
        for entity in sentence
    ]


def entities_f(model: Any, tokenizer: Any, docs: Sequence[Doc], *, batch: int) -> float:
    """Strict F on gold documents."""
    from spacy.scorer import Scorer
    from spacy.training import Example

    sentences = gold_sentences(docs)
    found = token_classification(model, tokenizer, batch=batch)([sentence.text for sentence in sentences])
    examples = []
    for sentence, entities in zip(sentences, found, strict=True):
        predicted = sentence.copy()
        spans = [predicted.char_span(e["start"], e["end"], e["entity_group"]) for e in entities]
        predicted.set_ents([span for span in spans if span is not None])
        examples.append(Example(predicted, sentence))
    return float(Scorer.score_spans(examples, "ents")["ents_f"])
