"""Training: spaCy's own recipe, Hugging Face's Trainer in two precisions, and this project's config.

All read the same documents, once in each round; a round's seconds are those of its steps, with reading, batching and
augmentation, without loading and evaluation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from .cases import Case, Round, Settings, Task, UnavailableError
from .texts import count_words


def plain_config(settings: Settings) -> Any:
    """What `spacy init config --pipeline ner --optimize accuracy --gpu` gives, on our encoder and tokens.

    `--lang vi` gives the same, but for a tokenizer that needs pyvi and would lose half of the gold spans.
    """
    from spacy.cli.init_config import init_config

    config = init_config(lang="xx", pipeline=["ner"], optimize="accuracy", gpu=True)
    config["nlp"]["lang"] = "vi"
    config["components"]["transformer"]["model"]["name"] = settings.encoder
    config["initialize"]["before_init"] = {"@callbacks": "vi_ner.NewsTokenizer.v1"}
    config["paths"] |= {"train": settings.train, "dev": settings.dev}
    config["training"]["gpu_allocator"] = None
    return config


def our_config(settings: Settings) -> Any:
    """The project's training config."""
    from spacy.util import load_config

    paths = {"paths.train": settings.train, "paths.dev": settings.dev, "paths.encoder": settings.encoder}
    return load_config(settings.config, overrides=paths)


def train_with_spacy(make_config: Callable[[Settings], Any], settings: Settings, _size: int) -> Task:
    """spaCy's training loop, its schedule scaled to the passes."""
    from spacy.schemas import ConfigSchemaTraining
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train_while_improving
    from spacy.util import registry, resolve_dot_names

    config = make_config(settings)
    config["training"]["seed"] = settings.seed
    words = sum(count_words(doc.text) for doc in _docs(settings.train))
    passes = max(1, settings.passes)
    steps = passes * math.ceil(words / config["training"]["batcher"]["size"])
    _scale(config["training"]["optimizer"]["learn_rate"], steps)
    nlp = init_nlp(config)
    config = nlp.config.interpolate()
    chosen = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    train, dev = resolve_dot_names(config, [chosen["train_corpus"], chosen["dev_corpus"]])

    def act() -> Round:
        steps = train_while_improving(
            nlp,
            chosen["optimizer"],
            ((number, batch) for number in range(passes) for batch in chosen["batcher"](train(nlp))),
            evaluate=lambda: (0.0, {}),
            dropout=chosen["dropout"],
            eval_frequency=10**9,
            accumulate_gradient=chosen["accumulate_gradient"],
            patience=0,
            max_steps=0,
            exclude=[],
            annotating_components=chosen["annotating_components"],
            before_update=chosen["before_update"],
        )
        return Round(sum(count_words(example.reference.text) for batch, _, _ in steps for example in batch))

    return Task(act, score=lambda: float(nlp.evaluate(dev(nlp))["ents_f"]))


def _scale(schedule: dict[str, Any], steps: int) -> None:
    """Give a schedule with warm-up so many steps, in the proportions it has."""
    schedule["warmup_steps"] = round(schedule["warmup_steps"] * steps / schedule["total_steps"])
    schedule["total_steps"] = steps


def _docs(path: str) -> list[Any]:
    from spacy.tokens import DocBin

    from ..convert import news_tokenizer

    return list(DocBin().from_disk(path).get_docs(news_tokenizer().vocab))


def train_with_hugging_face(settings: Settings, _size: int, *, bfloat16: bool) -> Task:
    """The Trainer as the token-classification tutorial sets it up, on sentences."""
    from transformers import (
        AutoModelForTokenClassification,
        AutoTokenizer,
        DataCollatorForTokenClassification,
        Trainer,
        TrainingArguments,
    )

    from .hugging_face import LABELS, entities_f, gold_sentences, quiet

    if bfloat16:
        require_bfloat16()
    quiet()
    tokenizer = AutoTokenizer.from_pretrained(settings.encoder)
    docs = _docs(settings.train)
    rows = [_labelled(tokenizer, sentence) for sentence in gold_sentences(docs)]
    words = sum(count_words(doc.text) for doc in docs)
    names = dict(enumerate(LABELS))
    model = AutoModelForTokenClassification.from_pretrained(settings.encoder, id2label=names)

    passes = max(1, settings.passes)

    def trainer() -> Any:
        try:
            arguments = TrainingArguments(
                output_dir="unused",
                num_train_epochs=passes,
                per_device_train_batch_size=settings.batch,
                learning_rate=5e-5,
                seed=settings.seed,
                use_cpu=True,
                bf16=bfloat16,
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
                logging_strategy="no",
            )
        except ImportError as error:
            raise UnavailableError("accelerate is not installed (extra `benchmark`)") from error
        return Trainer(model, arguments, DataCollatorForTokenClassification(tokenizer), rows)

    trainer()  # an installation that is incomplete shows here

    def act() -> Round:
        trainer().train()
        return Round(words * passes)

    return Task(act, score=lambda: entities_f(model, tokenizer, _docs(settings.dev), batch=settings.batch))


def require_bfloat16() -> None:
    """RAISES (UnavailableError): This CPU would emulate it, and take ten times as long."""
    from ..fastcpu import has_bfloat16

    if not has_bfloat16():
        raise UnavailableError("bfloat16 does not pay on this CPU")


def _labelled(tokenizer: Any, sentence: Any) -> dict[str, list[int]]:
    """A sentence as the collator wants it; pieces outside any token of the text have no label."""
    from .hugging_face import LABELS

    encoding = tokenizer(sentence.text, truncation=True, return_offsets_mapping=True)
    starts = [(ent.start_char, ent.end_char, ent.label_) for ent in sentence.ents]
    labels = []
    for start, end in encoding.pop("offset_mapping"):
        inside = next((entity for entity in starts if entity[0] <= start < end <= entity[1]), None)
        name = "O" if inside is None else f"{'B' if start == inside[0] else 'I'}-{inside[2]}"
        labels.append(LABELS.index(name) if start < end else -100)
    return {"input_ids": encoding["input_ids"], "attention_mask": encoding["attention_mask"], "labels": labels}


CASES = {
    ("training", name): Case("training", name, prepare)
    for name, prepare in {
        "spacy": partial(train_with_spacy, plain_config),
        "hugging-face-fp32": partial(train_with_hugging_face, bfloat16=False),
        "hugging-face-bf16": partial(train_with_hugging_face, bfloat16=True),
        "vi-ner": partial(train_with_spacy, our_config),
    }.items()
}
