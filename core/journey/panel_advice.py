"""Choose for me: which experts should take part, and why, in one sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.journey.panel_influence import Influence
from core.labels.similar_experts import copies
from core.messages import N_, Message
from core.types import Interval, PairScores, QADataset
from core.types.project import ChosenPanel
from core.types.scoring import ExpertFigures
from core.workspace.workspace import Project

KEEP, LEAVE_OUT, COPY_OF = "keep", "leave out", "copy"
_LIGHT = 0.01  # share of the vote below which an expert only costs time
_NOTHING = 0.01  # nDCG@10; an influence that is surely smaller can be given up for speed
_DEAR = 0.5  # share of all time


@dataclass(frozen=True)
class ExpertAdvice:
    """What is proposed for one expert.

    Attributes
    ----------
    verdict : str
        ``keep``, ``leave out`` or ``copy``.
    copy_of : str
        Title of the expert that speaks for a copy, else "".
    share : float in [0, 1]
        Of the vote, by reliability, copies left out.
    influence : Interval or None
        nDCG@10 that the labels lose without it, on validation questions; None where not measured.
    why : Message
        One sentence.
    """

    expert: str
    title: str
    verdict: str
    copy_of: str
    share: float
    influence: Interval | None
    why: Message


@dataclass(frozen=True)
class PanelAdvice:
    """The proposed panel.

    Attributes
    ----------
    advice : tuple of ExpertAdvice
        In the order of the figures.
    everybody, panel : Interval or None
        nDCG@10 of the labels by reliability as a ranker of all answers, with all experts and with
        the proposed ones; known right answers left out. None without validation questions.
    questions : int
        Validation questions looked at.
    """

    advice: tuple[ExpertAdvice, ...]
    everybody: Interval | None
    panel: Interval | None
    questions: int

    @property
    def kept(self) -> tuple[str, ...]:
        """Keys of the experts to keep."""
        return tuple(one.expert for one in self.advice if one.verdict == KEEP)


def advise(
    dataset: QADataset,
    scores: Sequence[PairScores],
    figures: Sequence[ExpertFigures],
    agreement: np.ndarray,
    *,
    seed: int = 0,
) -> PanelAdvice:
    """Propose a panel from what a scoring found.

    Copies share one vote; experts that are not better than guessing, that make the labels worse, or
    that cost much and change nothing are left out.

    Parameters
    ----------
    scores, figures : sequences in the same order
    agreement : float array [K, K]
        Spearman correlations in that order.
    seed : int
        Seed of the draw of questions and of the intervals.
    """
    quality = np.array([one.average_precision.value for one in figures])
    speaker = copies(agreement, quality)
    heads = [place for place in range(len(figures)) if speaker[place] == place]
    table = Influence.of(dataset, scores, seed)
    shares = dict(zip(heads, table.weights(heads), strict=True))
    together = table.ndcg(heads)
    seconds = sum(one.seconds for one in figures)
    best = max(heads, key=lambda place: (np.nan_to_num(quality[place], nan=-1.0), -place))
    advice = []
    for place, one in enumerate(figures):
        other = figures[speaker[place]]
        if speaker[place] != place:
            why = _copy(one, other, float(agreement[place, speaker[place]]))
            advice.append(ExpertAdvice(one.expert, one.title, COPY_OF, other.title, 0.0, None, why))
            continue
        rest = [head for head in heads if head != place]
        loss = table.interval(together - table.ndcg(rest)) if rest else None
        verdict, why = _verdict(
            one, shares[place], loss, table.chance, seconds, place == best, len(heads)
        )
        advice.append(ExpertAdvice(one.expert, one.title, verdict, "", shares[place], loss, why))
    kept = [place for place, one in enumerate(advice) if one.verdict == KEEP]
    return PanelAdvice(
        tuple(advice),
        table.interval(table.ndcg(list(range(len(figures))))),
        table.interval(table.ndcg(kept)),
        len(table.rows),
    )


def use_panel(project: Project, experts: Sequence[str], who: str) -> None:
    """Let these experts take part on the Labels page until others are chosen there."""
    project.state.panel = ChosenPanel(project.dataset_id, tuple(experts))
    project.note("experts chosen", who, {"experts": list(experts)})


def panel_in_use(project: Project, scored: Sequence[str]) -> tuple[str, ...]:
    """Return which of the scored experts were chosen to take part; all where nobody chose."""
    chosen = project.state.panel
    if chosen is None or chosen.dataset_id != project.dataset_id:
        return tuple(scored)
    return tuple(key for key in scored if key in chosen.experts) or tuple(scored)


def _copy(one: ExpertFigures, other: ExpertFigures, agreement: float) -> Message:
    return Message(
        N_(
            "Copy of {other}: both put pairs in nearly the same order (agreement {agreement:.2f} "
            "of 1), so they share one vote, and {other} does it at least as well (AP "
            "{other_ap:.2f} against {ap:.2f})."
        ),
        {
            "other": other.title,
            "agreement": round(agreement, 4),
            "other_ap": round(other.average_precision.value, 4),
            "ap": round(one.average_precision.value, 4),
        },
    )


def _verdict(
    one: ExpertFigures,
    share: float,
    loss: Interval | None,
    chance: float,
    all_seconds: float,
    best: bool,
    heads: int,
) -> tuple[str, Message]:
    """Return the verdict on an expert that is nobody's copy, with its reason."""
    precision = one.average_precision
    said: dict[str, str | int | float] = {
        "ap": round(precision.value, 4),
        "ap_low": round(precision.low, 4),
        "ap_high": round(precision.high, 4),
        "share": round(share, 4),
        "chance": round(chance, 4),
        "seconds": round(one.seconds, 1),
        "texts": one.texts_encoded,
    }
    if loss is not None:
        said |= {"loss": round(loss.value, 4), "low": round(loss.low, 4)}
        said |= {"high": round(loss.high, 4), "gain": round(-loss.value, 4)}
        said |= {"gain_low": round(-loss.high, 4), "gain_high": round(-loss.low, 4)}
    if best:
        template = N_(
            "Keep: of all it puts right pairs first most often (AP {ap:.2f}, {ap_low:.2f} to "
            "{ap_high:.2f}) and has {share:.0%} of the vote."
        )
        return KEEP, Message(template, said)
    if not precision.low > chance:
        template = N_(
            "Leave out: it is not shown to be better than guessing (AP {ap:.2f}, {ap_low:.2f} to "
            "{ap_high:.2f}; guessing reaches {chance:.2f})."
        )
        return LEAVE_OUT, Message(template, said)
    if loss is not None and loss.high < 0:
        template = N_(
            "Leave out: without it the labels find right answers better (nDCG@10 +{gain:.3f}, "
            "{gain_low:.3f} to {gain_high:.3f})."
        )
        return LEAVE_OUT, Message(template, said)
    if share < _LIGHT:
        template = N_(
            "Leave out: it is so much weaker than the others that it would have {share:.1%} of "
            "the vote, and scoring takes {seconds} s."
        )
        return LEAVE_OUT, Message(template, said)
    dear = all_seconds > 0 and one.seconds / all_seconds > _DEAR
    if loss is not None and loss.high < _NOTHING and dear and heads > 2:
        template = N_(
            "Leave out: it took {seconds} s for {texts} texts, more than all others together, and "
            "without it the labels lose at most {high:.3f} nDCG@10."
        )
        return LEAVE_OUT, Message(template, said)
    if loss is not None and loss.low > 0:
        template = N_(
            "Keep: without it the labels find right answers less well (nDCG@10 −{loss:.3f}, "
            "{low:.3f} to {high:.3f}); it has {share:.0%} of the vote and took {seconds} s."
        )
        return KEEP, Message(template, said)
    template = N_(
        "Keep: a voice of its own with {share:.0%} of the vote (AP {ap:.2f}, {ap_low:.2f} to "
        "{ap_high:.2f}); what the labels would lose without it is too small to be shown on these "
        "questions."
    )
    return KEEP, Message(template, said)
