"""The settings of a tuning run: one frozen document whose fields carry their own words."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import TuningError
from core.hashing import document_id
from core.messages import N_

ALL_CARDS = "cuda_all"
DEVICES = ("auto", "cuda", ALL_CARDS, "mps", "cpu")
CARD = ("cuda:NUMBER", re.compile(r"cuda:(?:0|[1-9][0-9]?)", re.ASCII))  # one card of several
INTERPOLATIONS = ("search", "off")
PRECISIONS = ("auto", "fp32", "bf16")
LOSS_KEYS = ("kl", "mse", "mse_matched", "cosent", "infonce")
TEMPERATURES = (0.001, 10.0)


def _setting_field(
    default: Any,
    title: str,
    text: str,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] | None = None,
    also: tuple[str, re.Pattern[str]] | None = None,
    joined: bool = False,
) -> Any:
    """Return a dataclass field that carries its own words and its allowed values.

    ``joined`` marks a setting that settings of earlier versions lack: its default is what these
    meant, and at its default it is no part of the id.
    """
    words = {"title": title, "help": text, "low": low, "high": high, "joined": joined}
    return field(default=default, metadata={**words, "choices": choices, "also": also})


@dataclass(frozen=True)
class TuningConfig:
    """Settings of one tuning run.

    Every field carries ``metadata`` with ``title`` and ``help`` (message ids) and either ``low``
    and ``high`` (inclusive) or ``choices`` (where a machine may have more of them, ``also`` holds
    how those are written), or is a bool; :func:`settings` lists them for a form.

    Raises
    ------
    TuningError
        If a value lies outside its allowed values.
    """

    base_model: str = _setting_field(
        "all-MiniLM-L6-v2",
        N_("Base model"),
        N_("The model that is tuned; the result has its size and speed."),
    )
    loss: str = _setting_field(
        "kl",
        N_("Learning goal (loss)"),
        N_("What the model is rewarded for: matching the experts' order, scores or right answers."),
        choices=LOSS_KEYS,
    )
    epochs: int = _setting_field(
        4,
        N_("Passes over the data (epochs)"),
        N_("How often every training question is used; more takes longer and may memorise."),
        1,
        100,
    )
    questions_per_batch: int = _setting_field(
        32,
        N_("Questions per step (batch)"),
        N_("Questions compared with each other's answers at once; more needs more memory."),
        2,
        4096,
    )
    right_answers_per_question: int = _setting_field(
        1,
        N_("Right answers per question"),
        N_("How many right answers of a question join one step; the others take turns."),
        1,
        32,
    )
    hard_negatives_per_question: int = _setting_field(
        0,
        N_("Confusable wrong answers per question (hard negatives)"),
        N_("Wrong answers that the base model likes most, added to sharpen the distinction."),
        0,
        32,
    )
    neighbourhoods_per_batch: int = _setting_field(
        12,
        N_("Groups of similar answers per step (neighbourhoods)"),
        N_(
            "The model also learns how alike the experts find answers, which helps answers that "
            "no question asks for yet; 0 leaves this out."
        ),
        0,
        4096,
    )
    neighbours: int = _setting_field(
        5,
        N_("Answers in each group (neighbours)"),
        N_("How many of the answers most like it join each answer of a group."),
        1,
        256,
    )
    neighbourhood_weight: float = _setting_field(
        4.0,
        N_("Weight of similar answers"),
        N_("How much the likeness of answers counts beside your questions."),
        0.0,
        100.0,
    )
    neighbourhood_temperature: float = _setting_field(
        0.0,
        N_("Sharpness of likeness (temperature of similar answers)"),
        N_(
            "As the sharpness of the labels, for how alike answers are; 0 takes that of the "
            "labels. Neighbours are all rather alike, so a smaller value is needed to tell them "
            "apart."
        ),
        0.0,
        TEMPERATURES[1],
        joined=True,
    )
    neighbourhood_columns: bool = _setting_field(
        True,
        N_("Questions meet groups of similar answers"),
        N_(
            "Whether the answers that join a step for their likeness are also compared with the "
            "questions of the step."
        ),
        joined=True,
    )
    spare_unasked: bool = _setting_field(
        False,
        N_("Spare answers that no question asks for"),
        N_(
            "An answer that is right for no training question, and not what the experts expect "
            "for an open one, is not shown as a wrong one either: it would only be pushed away."
        ),
        joined=True,
    )
    open_share: float = _setting_field(
        0.8,
        N_("Share of open questions"),
        N_(
            "The largest share of questions without a known answer in a step; they learn from the "
            "experts' labels and take turns. 0 leaves them out."
        ),
        0.0,
        0.95,
        joined=True,
    )
    open_weight: float = _setting_field(
        1.0,
        N_("Weight of open questions"),
        N_("How much questions without a known answer count beside those with one."),
        0.0,
        100.0,
        joined=True,
    )
    borrow_answers: bool = _setting_field(
        True,
        N_("Open questions borrow right answers"),
        N_(
            "An open question that says what a known question says in other words also learns from "
            "that question's right answer, as far as these data show that wording can be trusted."
        ),
        joined=True,
    )
    candidates_per_question: int = _setting_field(
        6,
        N_("Likely answers per open question (candidates)"),
        N_("The answers that the experts like most, of all answers; they join the step."),
        1,
        64,
        joined=True,
    )
    whole_corpus: bool = _setting_field(
        False,
        N_("Open questions meet all answers"),
        N_(
            "Each open question is compared with the whole collection, as the model read it last, "
            "and not only with the answers of its step, so that few of these have to be read anew."
        ),
        joined=True,
    )
    taught_temperature: float = _setting_field(
        0.05,
        N_("Sharpness of labels without a known answer (temperature of open questions)"),
        N_(
            "As the sharpness of the labels, for questions that learn from the experts alone: they "
            "meet the experts' best answers only, whose labels lie close together."
        ),
        *TEMPERATURES,
        joined=True,
    )
    teach_known_weight: float = _setting_field(
        0.0,
        N_("Known questions learn from the experts alone, too"),
        N_(
            "How much the experts' own order of their likely answers counts for questions with a "
            "known answer, beside that answer. 0 leaves this out."
        ),
        0.0,
        100.0,
        joined=True,
    )
    stay_close: float = _setting_field(
        0.0,
        N_("Stay close to the base model (similarity preservation)"),
        N_(
            "Keeps the similarities of everyday sentences where the base model has them, against "
            "forgetting; costs 16 more texts per step. 0 leaves this out, higher holds more firmly."
        ),
        0.0,
        100.0,
    )
    orthogonal: float = _setting_field(
        0.0,
        N_("Spread the answers out (orthogonal regulariser)"),
        N_(
            "Keeps the vectors of different answers from crowding into one direction. 0 leaves "
            "this out; no effect where answers keep their vectors."
        ),
        0.0,
        100.0,
    )
    learning_rate: float = _setting_field(
        1e-4,
        N_("Learning rate"),
        N_("Size of each learning step; word-vector models (static) use 100 times this value."),
        1e-8,
        1.0,
    )
    usual_steps: int = _setting_field(
        0,
        N_("Steps that the learning rate is meant for"),
        N_(
            "A run of fewer steps takes larger ones, up to twice the learning rate, so that little "
            "data moves the model, too. 0 leaves the learning rate as it is."
        ),
        0,
        100_000,
        joined=True,
    )
    warmup_share: float = _setting_field(
        0.1,
        N_("Warm-up share"),
        N_("Share of the steps in which the learning rate rises before it falls."),
        0.0,
        0.9,
    )
    dropout: bool = _setting_field(
        True,
        N_("Leave parts out at random (dropout)"),
        N_(
            "Switches parts of the model off at random while learning, as it was when the base "
            "model was made. Without it a step on a CPU takes about 30% less time."
        ),
        joined=True,
    )
    weight_decay: float = _setting_field(
        0.01,
        N_("Weight decay"),
        N_("Pull of the weights towards zero, against memorising."),
        0.0,
        1.0,
    )
    student_temperature: float = _setting_field(
        0.05,
        N_("Sharpness of the model's scores (student temperature)"),
        N_(
            "Smaller values make the model tell close scores further apart. Scaled by how widely "
            "the base model's own scores spread, so that one value suits every model."
        ),
        *TEMPERATURES,
    )
    teacher_temperature: float = _setting_field(
        0.1,
        N_("Sharpness of the labels (teacher temperature)"),
        N_("Smaller values let only the best labelled answers of a question count."),
        *TEMPERATURES,
    )
    infonce_share: float = _setting_field(
        0.1,
        N_("Weight of the right answers (InfoNCE share)"),
        N_("How much the marked right answers count besides the experts' labels."),
        0.0,
        10.0,
    )
    false_negative_margin: float = _setting_field(
        -1.0,
        N_("Spare likely right answers (false-negative margin)"),
        N_(
            "Unmarked answers whose label comes this close to the right answer's are not pushed "
            "away as wrong. 0 spares those with a higher label, 0.1 also those just below; "
            "-1 spares none."
        ),
        -1.0,
        1.0,
    )
    interpolation: str = _setting_field(
        "search",
        N_("Mixing with the base model (interpolation)"),
        N_(
            "After learning, mixtures of base and tuned model are measured on validation questions "
            "and the best is kept that does not forget everyday language."
        ),
        choices=INTERPOLATIONS,
    )
    guard_regimes: bool = _setting_field(
        False,
        N_("No gain at the cost of the other test"),
        N_(
            "A model is not kept if it searches worse than the base model for known or for unseen "
            "answers, beyond chance; experts that search no better than the base model teach pairs "
            "only, not open questions and not how alike answers are."
        ),
        joined=True,
    )
    max_length: int = _setting_field(
        128,
        N_("Longest text in word pieces (tokens)"),
        N_(
            "Longer texts are cut while learning; the tuned model keeps the base model's limit. 0 "
            "lets the answers decide: 128, or as much as 95 of 100 need, at most 256."
        ),
        0,
        8192,
    )
    chunk_size: int = _setting_field(
        0,
        N_("Texts in memory at a time (chunk)"),
        N_(
            "Lets large batches fit into little memory, for a third more time; the result stays "
            "the same. 0 takes all at once, and chunks by itself when memory runs out."
        ),
        0,
        4096,
    )
    evaluations_per_epoch: int = _setting_field(
        2,
        N_("Checks per pass"),
        N_("How often the search quality on validation questions is measured in each pass."),
        1,
        100,
    )
    patience: int = _setting_field(
        4,
        N_("Patience"),
        N_("Stop after this many checks in a row without a new best; 0 never stops early."),
        0,
        1000,
    )
    query_side: bool = _setting_field(
        False,
        N_("Tune for questions only (no re-indexing)"),
        N_(
            "Answers keep the base model's vectors, so an index that is in use stays as it is; "
            "only questions go through the tuned model. Usually gains less."
        ),
    )
    answer_model: str = _setting_field(
        "",
        N_("Who reads the answers"),
        N_(
            "A larger model can read the answers, once, while the tuned one reads the questions, "
            "which stays as fast as it is. Answers have to be indexed anew with the larger model, "
            "and both travel together."
        ),
        joined=True,
    )
    trim_vocabulary: bool = _setting_field(
        False,
        N_("Keep only the words of your languages"),
        N_(
            "A multilingual base model loses the words of all languages that the data are not in: "
            "a smaller model that reads yours as before. Texts in other languages are read letter "
            "by letter then, or not at all."
        ),
        joined=True,
    )
    lora_rank: int = _setting_field(
        0,
        N_("Adapter rank (LoRA)"),
        N_(
            "Learns small additions to the weights instead of the weights: less memory, smaller "
            "saved states. They are merged in the end. 8 or 16 is usual; 0 learns all weights."
        ),
        0,
        256,
    )
    seed: int = _setting_field(
        0,
        N_("Random seed"),
        N_("The same seed gives the same result on the same machine."),
        0,
        2**31 - 1,
    )
    device: str = _setting_field(
        "auto",
        N_("Device"),
        N_("Where to compute: auto takes a graphics card (GPU) when there is one."),
        choices=DEVICES,
        also=CARD,
    )
    precision: str = _setting_field(
        "auto",
        N_("Number format (precision)"),
        N_("bf16 is faster on newer graphics cards; auto takes it only where it is supported."),
        choices=PRECISIONS,
    )

    def __post_init__(self) -> None:
        for setting in settings():
            value, allowed = getattr(self, setting.name), setting.metadata
            if allowed["choices"] is not None and not _is_choice(value, allowed):
                raise TuningError(
                    "The tuning setting {name} is {value}. Choose one of: {choices}.",
                    name=setting.name,
                    value=str(value),
                    choices=", ".join([*allowed["choices"], *(allowed["also"] or ())[:1]]),
                )
            if isinstance(setting.default, bool) and not isinstance(value, bool):
                raise TuningError(
                    "The tuning setting {name} is {value}. Choose true or false.",
                    name=setting.name,
                    value=str(value),
                )
            if allowed["low"] is not None and not (
                _is_number(value) and allowed["low"] <= value <= allowed["high"]
            ):
                raise TuningError(
                    "The tuning setting {name} is {value}. Choose a number from {low} to {high}.",
                    name=setting.name,
                    value=str(value),
                    low=allowed["low"],
                    high=allowed["high"],
                )

    @property
    def answers_stay(self) -> bool:
        """Whether answers keep their vectors: the base model's, or those of a larger model."""
        return self.query_side or bool(self.answer_model)

    @property
    def by_base(self) -> bool:
        """Whether the base model goes on reading the answers, so that an index stays as it is."""
        return self.query_side and not self.answer_model

    @property
    def id(self) -> str:
        """Content hash of all settings, 16 hex digits."""
        values = dataclasses.asdict(self)
        for setting in settings():
            if setting.metadata["joined"] and values[setting.name] == setting.default:
                del values[setting.name]
        return document_id(values)


def _is_choice(value: object, allowed: Mapping[str, Any]) -> bool:
    if value in allowed["choices"]:
        return True
    also = allowed["also"]
    return also is not None and isinstance(value, str) and also[1].fullmatch(value) is not None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def settings() -> tuple[dataclasses.Field[Any], ...]:
    """Return the fields of :class:`TuningConfig` with their metadata, in the order of a form."""
    return dataclasses.fields(TuningConfig)
