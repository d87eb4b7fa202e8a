"""Whether data are enough to learn from and to prove a gain, and what would help most.

Told before anything is computed, from counts alone; what to expect comes from measurements on
other data (:data:`MEASURED`), which the user's own comparison replaces.
"""

from __future__ import annotations

import numpy as np

from core.evaluation.verdict import MIN_GROUPS, MIN_QUESTIONS, verdict_way
from core.messages import N_, Message, N_n
from core.types import CROSS_FIT, SPLIT, QADataset
from core.types.sufficiency import (
    JUDGED_LOG,
    JUDGING,
    NO,
    NO_LOG,
    ONE_WORDING,
    OPEN_LOG,
    OPEN_QUESTIONS,
    SEVERAL_WORDINGS,
    TEACHER,
    WITH_TEACHER,
    YES,
    Help,
    MeasuredGain,
    Situation,
    Sufficiency,
)

# From two wordings per answer on, one can teach what the other is tested with.
SEVERAL = 2.0
# A few dozen, where the method of the paper starts; on fewer nothing was ever measured.
FEWEST_TO_LEARN = 30
# Seeds of one recipe differ by about as much: a smaller step is no advice.
SMALLEST_HELP = 0.01

_STACKFAQ = Message(
    N_(
        "StackFAQ, 125 topics of a public help forum: 100 titles as the only questions with "
        "answers, 625 other real questions tested, one run."
    )
)
_STACKFAQ_TEACHER = Message(
    N_(
        "StackFAQ, 125 topics of a public help forum: 100 titles as the only questions with "
        "answers, 625 other real questions tested, one run. The same on the English sample Bare "
        "FAQ (60 entries, the 270 answered questions of its log tested): +0.04 (0.02 to 0.07). The "
        "verdict of a bare FAQ tests answers that nobody asked for in training: there the gain is "
        "smaller."
    )
)
_STACKFAQ_LOG = Message(
    N_(
        "StackFAQ, 125 topics of a public help forum: 100 titles as the only questions with "
        "answers, 624 real questions without, 625 others tested, one run."
    )
)
_STACKFAQ_JUDGED = Message(
    N_(
        "StackFAQ, 125 topics of a public help forum: 100 titles and 624 real questions with "
        "their right answers, 625 others tested, one run."
    )
)


def _stackfaq(teacher: bool, log: str, after: float, data: Message) -> MeasuredGain:
    return MeasuredGain(Situation(ONE_WORDING, teacher, log), 0.749, after, 625, 1, data)


# Student all-MiniLM-L6-v2; the teacher is all-mpnet-base-v2. Figures with one right answer of a
# question per step, as an FAQ with one answer each learns: with all of them at once StackFAQ, with
# nearly six answers to a title, gives more (docs/method.md) than such an FAQ may expect.
MEASURED: tuple[MeasuredGain, ...] = (
    _stackfaq(False, NO_LOG, 0.758, _STACKFAQ),
    _stackfaq(True, NO_LOG, 0.806, _STACKFAQ_TEACHER),
    _stackfaq(False, OPEN_LOG, 0.749, _STACKFAQ_LOG),
    _stackfaq(True, OPEN_LOG, 0.821, _STACKFAQ_LOG),
    _stackfaq(False, JUDGED_LOG, 0.902, _STACKFAQ_JUDGED),
    _stackfaq(True, JUDGED_LOG, 0.902, _STACKFAQ_JUDGED),
)

_TEACHER = N_("{then}: a stronger expert")
_LOG = N_("{then}: questions without answers, such as a search log")
_TEACHER_AND_LOG = N_("{then}: a stronger expert and questions without answers (a search log)")
_JUDGE = N_("{then}: saying which answer is right for the open questions")
_COLLECT = N_("{then}: real questions with their right answers")


def sufficiency(dataset: QADataset, *, teacher: bool) -> Sufficiency:
    """Return what the data allow and what would help most.

    Parameters
    ----------
    teacher : bool
        Whether an expert in use searches better than the model to be tuned; False where that is not
        known yet.
    """
    judged, opened = dataset.judged_rows, len(dataset.open_rows)
    groups = len(np.unique(dataset.question_group[judged]))
    per_group = len(judged) / max(groups, 1)
    several = per_group >= SEVERAL
    here = Situation(
        SEVERAL_WORDINGS if several else ONE_WORDING, teacher, OPEN_LOG if opened else NO_LOG
    )
    learn, learn_text = _learn(len(judged) + opened, per_group, teacher)
    # A group that is still missing brings at least one question along.
    missing = max(MIN_QUESTIONS - len(judged), MIN_GROUPS - groups, 0)
    prove, prove_text = _prove(dataset, missing)
    return Sufficiency(
        learn=learn,
        prove=prove,
        questions=len(judged),
        groups=groups,
        open_questions=opened,
        missing=missing,
        learn_text=learn_text,
        prove_text=prove_text,
        helps=helps(here) if learn != NO else (),
    )


def helps(here: Situation) -> tuple[Help, ...]:
    """Return the steps from a situation whose worth was measured, the most worth first.

    Steps that gain less than ``SMALLEST_HELP`` are left out.
    """
    steps = [(JUDGING, _JUDGE if here.log == OPEN_LOG else _COLLECT, here.teacher, JUDGED_LOG)]
    if not here.teacher:
        steps.append((TEACHER, _TEACHER, True, here.log))
    if here.log == NO_LOG:
        steps.append((OPEN_QUESTIONS, _LOG if here.teacher else _TEACHER_AND_LOG, True, OPEN_LOG))
    measured = {gain.situation: gain for gain in MEASURED}
    now = measured.get(here)
    found = []
    for key, text, teacher, log in steps:
        then = measured.get(Situation(here.wordings, teacher, log))
        if now is not None and then is not None and then.gain - now.gain >= SMALLEST_HELP:
            told = Message(text, {"then": gain_text(then.gain)})
            found.append(Help(key, told, now, then))
    return tuple(sorted(found, key=lambda help_: -help_.worth))


def _learn(questions: int, per_group: float, teacher: bool) -> tuple[str, Message]:
    if questions < FEWEST_TO_LEARN:
        text = N_n(
            "{missing} more question is needed, with or without an answer: "
            "nothing was ever measured on fewer than {least}.",
            "{missing} more questions are needed, with or without an answer: "
            "nothing was ever measured on fewer than {least}.",
            by="missing",
        )
        values = {"missing": FEWEST_TO_LEARN - questions, "least": FEWEST_TO_LEARN}
        return NO, Message(text, dict(values))
    if per_group >= SEVERAL:
        text = N_("Each answer is asked for in {wordings} different wordings on average.")
        return YES, Message(text, {"wordings": f"{per_group:.1f}"})
    if teacher:
        text = N_("Few answers have a second question, but an expert in use can teach the model.")
        return YES, Message(text)
    text = N_(
        "Few answers have a second question: little can be learned from the pairs alone, but much "
        "from an expert that searches better than the model."
    )
    return WITH_TEACHER, Message(text)


def _prove(dataset: QADataset, missing: int) -> tuple[str, Message]:
    if missing:
        text = N_(
            "{missing} more questions with a known answer are needed: a verdict takes {questions} "
            "questions on {groups} groups of answers."
        )
        values = {"missing": missing, "questions": MIN_QUESTIONS, "groups": MIN_GROUPS}
        return NO, Message(text, dict(values))
    if verdict_way(dataset) == CROSS_FIT:
        text = N_(
            "The questions take turns: each of the {questions} is tested by a model that has not "
            "seen it."
        )
        return CROSS_FIT, Message(text, {"questions": len(dataset.judged_rows)})
    text = N_n(
        "{questions} question is kept back for it.",
        "{questions} questions are kept back for it.",
        by="questions",
    )
    return SPLIT, Message(text, {"questions": len(dataset.held_out_rows)})


def gain_text(gain: float) -> str:
    """Return a gain with two decimals and its sign."""
    text = f"{gain:+.2f}".replace("-", "−")
    return text[1:] if float(f"{gain:.2f}") == 0 else text
