"""What data allow before anything is computed: to learn, to prove, and what would help most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.messages import N_, Message
from core.types.comparison import CROSS_FIT, SPLIT

YES, WITH_TEACHER, NO = "yes", "with a stronger expert", "no"  # enough to learn
ONE_WORDING, SEVERAL_WORDINGS = "one wording", "several wordings"  # of each answer, on average
NO_LOG, OPEN_LOG, JUDGED_LOG = "no log", "open log", "judged log"  # questions of real users
TEACHER, OPEN_QUESTIONS, JUDGING = "teacher", "open questions", "judging"  # what may help
LEARN_TITLES = {
    YES: N_("Enough to learn: yes"),
    WITH_TEACHER: N_("Enough to learn: with a stronger expert"),
    NO: N_("Enough to learn: not yet"),
}
PROVE_TITLES = {
    SPLIT: N_("Enough to prove: yes, by a held-out test"),
    CROSS_FIT: N_("Enough to prove: yes, by cross-fitting"),
    NO: N_("Enough to prove: not yet"),
}


@dataclass(frozen=True)
class Situation:
    """What a gain depends on most.

    Attributes
    ----------
    wordings : str
        ``one wording`` or ``several wordings`` per answer.
    teacher : bool
        Whether an expert searches better than the model to be tuned.
    log : str
        Questions of real users besides: none, without answers, or with their right answers.
    """

    wordings: str
    teacher: bool
    log: str


@dataclass(frozen=True)
class MeasuredGain:
    """A gain that was measured in a situation, on other data than the user's.

    Attributes
    ----------
    before, after : float
        nDCG@10 on held-out questions of the base model and of the tuned one.
    questions : int
        Held-out questions.
    runs : int
        Runs with another seed that the figures are the mean of.
    data : Message
        What was measured, in a few words.
    """

    situation: Situation
    before: float
    after: float
    questions: int
    runs: int
    data: Message

    @property
    def gain(self) -> float:
        """Difference in nDCG@10."""
        return self.after - self.before


@dataclass(frozen=True)
class Help:
    """One thing to add, and what that was worth elsewhere.

    Attributes
    ----------
    key : str
        ``teacher``, ``open questions`` or ``judging``.
    text : Message
        What to do, in one sentence with the expected gain.
    now, then : MeasuredGain
        Where the data are today, and where they would be.
    """

    key: str
    text: Message
    now: MeasuredGain
    then: MeasuredGain

    @property
    def worth(self) -> float:
        """How much more nDCG@10 is expected."""
        return self.then.gain - self.now.gain


@dataclass(frozen=True)
class Sufficiency:
    """What data allow.

    Attributes
    ----------
    learn : str
        ``yes``, ``with a stronger expert`` or ``no``.
    prove : str
        How a verdict is reached: ``split``, ``cross-fit``, or ``no``.
    questions, groups : int
        Questions with a known answer, and the answer groups that they ask for.
    open_questions : int
        Questions without one.
    missing : int
        Further questions with a known answer that a verdict needs at least; 0 = enough.
    learn_text, prove_text : Message
        Both with their reason.
    helps : tuple of Help
        What would help, the most first; empty where nothing was measured for such data.
    """

    learn: str
    prove: str
    questions: int
    groups: int
    open_questions: int
    missing: int
    learn_text: Message
    prove_text: Message
    helps: tuple[Help, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the facts for scripts, sentences in English."""
        return {
            "learn": self.learn,
            "prove": self.prove,
            "questions": self.questions,
            "groups": self.groups,
            "open_questions": self.open_questions,
            "missing": self.missing,
            "helps": [
                {"key": help_.key, "now": help_.now.gain, "then": help_.then.gain}
                for help_ in self.helps
            ],
        }


@dataclass(frozen=True)
class KnownSufficiency:
    """What the data of a project allow, kept so that the first page need not read them."""

    dataset_id: str
    found: Sufficiency
