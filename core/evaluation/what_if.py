"""What if a pair read otherwise: one change at a time, and how far each expert's score moves.

A change that leaves the content alone (more words, the question's own words once more) should move
no score. Where it does, the expert likes length, echo or a language: bias without statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.experts.lexical import is_unspaced, words
from core.experts.source import LiveScore
from core.labels.model import LabelModel
from core.messages import N_
from core.types import QADataset

MOVED = 0.05  # five points of 100: less is not seen on a label

_FILLER = {
    False: (
        "Thank you very much for your question, we are always happy to help. ",
        " If anything else is unclear, please do not hesitate to get in touch with us again.",
    ),
    True: (
        "お問い合わせいただき、誠にありがとうございます。",
        "ほかにもご不明な点がございましたら、どうぞお気軽にお問い合わせください。",
    ),
}


@dataclass(frozen=True)
class Change:
    """One way to rewrite a pair that a reader would take for the same.

    Attributes
    ----------
    make : callable (dataset, question row, answer row) → (question, answer) or None
        None where the data have nothing to make it of.
    teaches : str
        What an expert likes whose score goes up.
    """

    title: str
    teaches: str
    make: Callable[[QADataset, int, int], tuple[str, str] | None]


def _texts(dataset: QADataset, question: int, answer: int) -> tuple[str, str]:
    return dataset.questions[question], dataset.answers[answer]


def _longer(dataset: QADataset, question: int, answer: int) -> tuple[str, str]:
    asked, told = _texts(dataset, question, answer)
    return asked, told + ("" if is_unspaced((told,)) else " ") + told


def _filled(dataset: QADataset, question: int, answer: int) -> tuple[str, str]:
    asked, told = _texts(dataset, question, answer)
    before, after = _FILLER[is_unspaced((told,))]
    return asked, before + told + after


def _echoed(dataset: QADataset, question: int, answer: int) -> tuple[str, str]:
    asked, told = _texts(dataset, question, answer)
    return asked, asked + ("" if is_unspaced((told,)) else " ") + told


def _others(dataset: QADataset, question: int) -> np.ndarray:
    """Return questions of the same answer group that may be looked at, without this one."""
    rows = dataset.seen_rows
    same = rows[dataset.question_group[rows] == dataset.question_group[question]]
    return np.asarray(same[same != question])


def _reworded(dataset: QADataset, question: int, answer: int) -> tuple[str, str] | None:
    """Ask in the words of the question of the same right answer that shares fewest with this."""
    languages = dataset.attributes.get("language", ())
    right = dataset.right_question[dataset.right_answer == answer]
    others = [
        int(row)
        for row in np.intersect1d(_others(dataset, question), right)
        if not languages or languages[row] == languages[question]
    ]
    if not others:
        return None
    asked = set(words(dataset.questions[question]))
    unlike = min(others, key=lambda row: (len(asked & set(words(dataset.questions[row]))), row))
    return dataset.questions[unlike], dataset.answers[answer]


def _translated(dataset: QADataset, question: int, answer: int) -> tuple[str, str] | None:
    """Ask in the words of a question of the same group that is marked as another language."""
    languages = dataset.attributes.get("language", ())
    for row in _others(dataset, question) if languages else ():
        if languages[row] and languages[row] != languages[question]:
            return dataset.questions[row], dataset.answers[answer]
    return None


CHANGES: Mapping[str, Change] = {
    "longer": Change(
        N_("Longer answer"), N_("An expert that goes up likes long answers."), _longer
    ),
    "filler": Change(
        N_("Filler words"),
        N_("An expert that goes up likes polite words around an answer."),
        _filled,
    ),
    "echo": Change(
        N_("Question copied in"),
        N_("An expert that goes up likes an answer to repeat the question's own words."),
        _echoed,
    ),
    "reworded": Change(
        N_("Another wording"),
        N_("An expert that goes down looks for the same words, not for the same meaning."),
        _reworded,
    ),
    "language": Change(
        N_("Another language"),
        N_("An expert that goes down does not understand both languages alike."),
        _translated,
    ),
}


@dataclass(frozen=True, eq=False)
class WhatIf:
    """Scores of one pair before and after a change; arrays [K] in [0, 1], in recipe order.

    Attributes
    ----------
    before, after : float arrays [K]
        Calibrated; NaN where an expert has no opinion (before) or cannot be asked live (after).
    together : (before, after)
        What all those that could be asked come to by the rule.
    """

    before: np.ndarray
    after: np.ndarray
    together: tuple[float, float]

    @property
    def moved(self) -> list[int]:
        """Experts that moved by five points or more, the furthest first."""
        apart = np.abs(np.nan_to_num(self.after - self.before))
        return [int(k) for k in np.argsort(-apart, kind="stable") if apart[k] >= MOVED]


def what_if(
    model: LabelModel,
    live: Sequence[LiveScore | None],
    pair: tuple[int, int],
    texts: tuple[str, str],
) -> WhatIf:
    """Score a changed pair with every expert that can be asked.

    Parameters
    ----------
    live : sequence of callable or None, K long
        In recipe order; None = cannot be asked live.
    pair : (question row, answer row)
        The pair as it stands in the data.
    texts : (question, answer)
        As it reads after the change.
    """
    rows = np.array([pair[0]]), np.array([pair[1]])
    before = np.array([expert.pairs(*rows)[0] for expert in model.used], np.float64)
    after = np.array([ask(*texts) if ask is not None else np.nan for ask in live], np.float64)
    hard = float(model.dataset.hard_block(*rows)[0, 0] > 0)
    scores_before, _ = model.of_raw(before, hard)
    scores_after, together = model.of_raw(after, hard)
    # The same experts on both sides: one that is silent after the change must not move the rest.
    _, was = model.of_raw(np.where(np.isnan(after), np.nan, before), hard)
    return WhatIf(scores_before, scores_after, (was, together))
