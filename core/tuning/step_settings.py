"""The settings that say what a learning step sees and what it is rewarded for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.messages import N_

LOSS_KEYS = ("kl", "mse", "mse_matched", "cosent", "infonce")


def setting_field(
    default: Any,
    title: str,
    text: str,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] | None = None,
    also: tuple[str, re.Pattern[str]] | None = None,
) -> Any:
    """Return a dataclass field that carries its own words and its allowed values."""
    words = {"title": title, "help": text, "low": low, "high": high}
    return field(default=default, metadata={**words, "choices": choices, "also": also})


@dataclass(frozen=True)
class StepSettings:
    """The first part of :class:`core.tuning.config.TuningConfig`."""

    base_model: str = setting_field(
        "all-MiniLM-L6-v2",
        N_("Base model"),
        N_("The model that is tuned; the result has its size and speed."),
    )
    loss: str = setting_field(
        "kl",
        N_("Learning goal (loss)"),
        N_("What the model is rewarded for: matching the experts' order, scores or right answers."),
        choices=LOSS_KEYS,
    )
    epochs: int = setting_field(
        4,
        N_("Passes over the data (epochs)"),
        N_("How often every training question is used; more takes longer and may memorise."),
        1,
        100,
    )
    questions_per_batch: int = setting_field(
        32,
        N_("Questions per step (batch)"),
        N_("Questions compared with each other's answers at once; more needs more memory."),
        2,
        4096,
    )
    right_answers_per_question: int = setting_field(
        1,
        N_("Right answers per question"),
        N_("How many right answers of a question join one step; the others take turns."),
        1,
        32,
    )
    hard_negatives_per_question: int = setting_field(
        0,
        N_("Confusable wrong answers per question (hard negatives)"),
        N_("Wrong answers that the base model likes most, added to sharpen the distinction."),
        0,
        32,
    )
    neighbourhoods_per_batch: int = setting_field(
        12,
        N_("Groups of similar answers per step (neighbourhoods)"),
        N_(
            "The model also learns how alike the experts find answers, which helps answers that "
            "no question asks for yet; 0 leaves this out."
        ),
        0,
        4096,
    )
    neighbours: int = setting_field(
        5,
        N_("Answers in each group (neighbours)"),
        N_("How many of the answers most like it join each answer of a group."),
        1,
        256,
    )
    neighbourhood_weight: float = setting_field(
        4.0,
        N_("Weight of similar answers"),
        N_("How much the likeness of answers counts beside your questions."),
        0.0,
        100.0,
    )
    stay_close: float = setting_field(
        0.0,
        N_("Stay close to the base model (similarity preservation)"),
        N_(
            "Keeps the similarities of everyday sentences where the base model has them, against "
            "forgetting; costs 16 more texts per step. 0 leaves this out, higher holds more firmly."
        ),
        0.0,
        100.0,
    )
    orthogonal: float = setting_field(
        0.0,
        N_("Spread the answers out (orthogonal regulariser)"),
        N_(
            "Keeps the vectors of different answers from crowding into one direction. 0 leaves "
            "this out; no effect where answers keep their vectors."
        ),
        0.0,
        100.0,
    )
