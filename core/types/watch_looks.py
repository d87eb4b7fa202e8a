"""Whether a model still fits what is asked: one look, and the criteria for training anew.

A look holds figures, row numbers and tokens of searches, never a text of anybody: what is erased
elsewhere is gone from every look, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.messages import Message
from core.types.comparison import Difference, Interval, OfHundred

# Why there is no frozen verdict, or no reading of drift.
NO_MODEL, FOLDS, GONE = "no model in use", "learned from every question", "gone"
SENDING, SENT, SENDING_FAILED = "sending", "sent", "failed"  # of an alert
NO_SEARCHES, NOTHING_LEARNED = "no searches", "nothing learned"
NO_EXPERTS = "no experts"  # that could be asked: two at least


@dataclass(frozen=True)
class Unlike:
    """How many questions are unlike anything known.

    Attributes
    ----------
    share : Interval
        Share of the new questions, 0 to 1, with its Wilson interval.
    rows : tuple of int
        Those questions, least like anything known first.
    p : float
        Chance of so many or more if only the tolerated share were unlike.
    level : float
        A look rings at p up to this.
    tolerated : float
        The share that is tolerated: as it was set, or more where few questions are known; 0 in a
        look of an earlier version, which tested against what was set.
    """

    share: Interval
    rows: tuple[int, ...]
    p: float
    level: float
    tolerated: float = 0.0

    @property
    def rings(self) -> bool:
        """Whether this look is an alarm."""
        return self.p <= self.level


@dataclass(frozen=True)
class Mix:
    """New questions as a whole against the known ones.

    Attributes
    ----------
    auc : float
        How well a linear classifier tells them apart on questions that it has not seen; 0.5: not.
    auc_p, mmd_p : float
        Permutation p, both adjusted after Holm.
    mmd : float
        Squared maximum mean discrepancy, unbiased (Gretton et al. 2012, JMLR 13, equation 3).
    """

    auc: float
    auc_p: float
    mmd: float
    mmd_p: float


@dataclass(frozen=True)
class BestScores:
    """Scores of the best answer, then and now.

    Attributes
    ----------
    known, now : float
        Medians.
    p : float
        Mann-Whitney, one-sided: now lower.
    stability : float
        Population stability index over ten equal parts of the known; above 0.25 is usually called
        a large shift.
    """

    known: float
    now: float
    p: float
    stability: float


@dataclass(frozen=True)
class NewWord:
    """A word that no known question has.

    Attributes
    ----------
    word : str
    questions : int
        New questions that have it, at least two.
    """

    word: str
    questions: int


@dataclass(frozen=True)
class DriftLook:
    """New questions against known ones.

    Attributes
    ----------
    questions : int
        New ones, each counted once.
    words : tuple of NewWord
        Not kept in a :class:`WatchLook`.
    """

    questions: int
    unlike: Unlike
    mix: Mix
    scores: BestScores
    words: tuple[NewWord, ...] = ()


@dataclass(frozen=True)
class FalseAlarms:
    """How often looks at the past would have rung although nothing new was asked.

    Attributes
    ----------
    looks : int
        Simulated looks.
    alarms : int
    a_year : float
        Alarms to expect in a year of such looks.
    """

    looks: int
    alarms: int
    a_year: float


@dataclass(frozen=True)
class ExpertVoice:
    """How far one expert goes with the others, and with people.

    Attributes
    ----------
    expert : str
        Catalogue key.
    known, now : float
        Mean rank correlation with the other experts on known and on new questions, -1 to 1.
    people : Interval or None
        Weighted kappa with people on the pairs that they judged; None where they judged none.
    pairs : int
        Pairs behind it.
    """

    expert: str
    known: float
    now: float
    people: Interval | None = None
    pairs: int = 0


@dataclass(frozen=True)
class ExpertAgreement:
    """How far experts agree about answers to new questions, beside the questions learned from.

    Attributes
    ----------
    known, now : Interval
        Mean Spearman correlation of two experts over the candidate answers of a question, -1 to 1,
        with its interval over questions.
    known_questions, questions : int
        Questions that these rest on.
    p : float
        Chance of so low a value if agreement had fallen by ``tolerated`` only.
    level : float
        A look rings at p up to this.
    tolerated : float
        Fall that is tolerated: as it was set, or more where few questions are known.
    voices : tuple of ExpertVoice
        Of those that were asked.
    not_asked : tuple of Message
        Why others were not.
    simulated : FalseAlarms or None
        Looks at seasons made from the past; None = too few questions are known.
    """

    known: Interval
    now: Interval
    known_questions: int
    questions: int
    p: float
    level: float
    tolerated: float
    voices: tuple[ExpertVoice, ...]
    not_asked: tuple[Message, ...] = ()
    simulated: FalseAlarms | None = None

    @property
    def fall(self) -> float:
        """How much lower agreement is than on known questions."""
        return self.known.value - self.now.value

    @property
    def rings(self) -> bool:
        """Whether this look is an alarm; with too few known questions none is."""
        return self.p <= self.level and self.simulated is not None


@dataclass(frozen=True)
class WeekOfSearches:
    """What people made of the searches of seven days.

    Attributes
    ----------
    begins : str
        ISO 8601, UTC.
    searches : float
    without : float
        Searches in which nobody opened or liked a result.
    satisfied : float
        Searches in which a result was opened or liked, and nobody said that none fits.
    dissatisfied : float
        Searches with a thumb down or "none of these", in which nothing was opened or liked.
    """

    begins: str
    searches: float
    without: float
    satisfied: float
    dissatisfied: float

    @property
    def judged(self) -> float:
        """Searches that say whether somebody was satisfied."""
        return self.satisfied + self.dissatisfied

    @property
    def satisfaction(self) -> float | None:
        """Share of the satisfied, 0 to 1; None where nobody said anything."""
        return self.satisfied / self.judged if self.judged else None


@dataclass(frozen=True)
class FrozenVerdict:
    """The model in use against the one it came from, on the test that it was taken into use with.

    Attributes
    ----------
    dataset_id : str
        Whose held-out questions these are.
    then : tuple of OfHundred
        As the comparison said that led to the decision; empty where it is gone.
    found : tuple of OfHundred
        The same questions and answers again: another figure means another machine, library or file.
    differences : tuple of Difference
        Of the main measure, one per regime.
    today : tuple of OfHundred
        The same questions among the answers of today; empty where these are still the same.
    left_out : int
        Of today: held-out questions none of whose right answers is there any more.
    """

    dataset_id: str
    then: tuple[OfHundred, ...]
    found: tuple[OfHundred, ...]
    differences: tuple[Difference, ...]
    today: tuple[OfHundred, ...] = ()
    left_out: int = 0


@dataclass(frozen=True)
class ChangedAnswer:
    """An answer that reads otherwise than when the model learned from it, or is gone.

    Attributes
    ----------
    before : int
        Its row in the data that were learned from.
    now : int
        Row in the present data; -1 = it is gone.
    questions : tuple of int
        Rows, in the data that were learned from, of the questions that it is right for: their
        labels are suspect.
    """

    before: int
    now: int
    questions: tuple[int, ...]


@dataclass(frozen=True)
class AnswerChanges:
    """What became of the answers since the model learned.

    Attributes
    ----------
    learned : int
        Answers that there were then.
    changed : tuple of ChangedAnswer
    added : int
        Answers that are new and take nobody's place.
    """

    learned: int
    changed: tuple[ChangedAnswer, ...]
    added: int

    @property
    def share(self) -> float:
        """Share of the answers that changed or went, 0 to 1."""
        return len(self.changed) / self.learned if self.learned else 0.0


@dataclass(frozen=True)
class WatchCriteria:
    """When a model should learn again; None switches a criterion off.

    Attributes
    ----------
    unlike : float or None
        Share of questions that may be unlike anything learned, 0 to 1.
    judged : int or None
        New questions with a known answer.
    fall : float or None
        By how much satisfaction may fall, 0 to 1.
    weeks : int
        For so many weeks in a row.
    changed : float or None
        Share of answers that may change or go, 0 to 1.
    lost : int or None
        Of 100 questions of the frozen test, right answers that may leave the first place.
    disagree : float or None
        By how much experts may agree less than on the questions learned from, 0 to 1.
    days : int
        How far a look reaches back.
    false_alarms : float
        Chance of any false alarm in a year that is accepted, for each criterion with chance in it.
    alert : bool
        Whether an alert is sent when a criterion begins to hold.
    texts : bool
        Whether an alert may hold questions that people asked.
    """

    unlike: float | None = 0.10
    judged: int | None = 50
    fall: float | None = 0.05
    weeks: int = 2
    changed: float | None = 0.10
    lost: int | None = 3
    days: int = 7
    false_alarms: float = 0.10
    alert: bool = False
    texts: bool = False
    disagree: float | None = 0.05


@dataclass(frozen=True)
class AlertSent:
    """An alert about a criterion that began to hold; one for each way to send it.

    Attributes
    ----------
    firing : str
        The criterion, and the last look before in which it did not hold.
    way : str
        ``webhook`` or ``e-mail``.
    at : str
    state : str
        ``sending``, ``sent`` or ``failed``. One that stays at ``sending`` was killed on its way.
    problem : Message or None
        Why it failed.
    """

    firing: str
    way: str
    at: str
    state: str
    problem: Message | None = None


@dataclass(frozen=True)
class CriterionState:
    """How far one criterion is from holding.

    Attributes
    ----------
    key : str
        Key of :data:`core.pilot.criteria.CRITERIA`.
    value : float or None
        What was found, in the unit of ``limit``; None = cannot be told.
    limit : float
    fires : bool
        Whether the model should learn again by this criterion.
    count : int
        What the value rests on: questions, answers or judged searches.
    p : float or None
        Chance of such a value where nothing changed; None = there is no chance in it.
    a_year : float or None
        False alarms to expect in a year, simulated on the past; None = none are possible, or not
        known yet.
    as_set : float or None
        The limit as it was set, where few known questions make it count from ``limit`` on only.
    """

    key: str
    value: float | None
    limit: float
    fires: bool
    count: int = 0
    p: float | None = None
    a_year: float | None = None
    as_set: float | None = None

    @property
    def way(self) -> float:
        """How much of the way to the limit is gone, 0 to 1."""
        if self.value is None or self.limit <= 0:
            return 0.0
        return min(max(self.value / self.limit, 0.0), 1.0)


@dataclass(frozen=True)
class WatchRequest:
    """What a look is asked.

    No version of the data is named: a look holds no text, so erasing texts leaves it as it is.

    Attributes
    ----------
    criteria : WatchCriteria
        As they are when the look starts.
    """

    criteria: WatchCriteria = field(default_factory=WatchCriteria)


@dataclass(frozen=True)
class WatchLook:
    """One look at a pilot; never changed afterwards.

    Attributes
    ----------
    at, since : str
        When it was, and how far back the searches reach that it looked at.
    model : str
        Key of the model in use; of a tuned one, of that it came from.
    tune_run : str
        "" = a model as it came.
    learned_id, dataset_id : str
        The data that the model learned from, and those of today.
    searches, questions : float, int
        Searches that were looked at, and how many different questions they were.
    drift : DriftLook or None
    no_drift : str
        Why there is none.
    unlike_searches : tuple of str
        Tokens of the searches whose questions are unlike anything known, least alike first.
    simulated : FalseAlarms or None
        Looks at seasons made from the past.
    weeks : tuple of WeekOfSearches
        Oldest first; the last one ends with the look.
    verdict : FrozenVerdict or None
    no_verdict : str
        Why there is none.
    answers : AnswerChanges
    judged : int
        Questions with a known answer that the model has not learned from.
    criteria : tuple of CriterionState
    agreement : ExpertAgreement or None
        Of the experts of the recipe in use.
    no_agreement : str
        Why there is none.
    not_asked : tuple of Message
        Why experts were not asked, where there is no agreement.
    """

    at: str
    since: str
    model: str
    tune_run: str
    learned_id: str
    dataset_id: str
    searches: float
    questions: int
    drift: DriftLook | None
    no_drift: str
    unlike_searches: tuple[str, ...]
    simulated: FalseAlarms | None
    weeks: tuple[WeekOfSearches, ...]
    verdict: FrozenVerdict | None
    no_verdict: str
    answers: AnswerChanges
    judged: int
    criteria: tuple[CriterionState, ...] = ()
    agreement: ExpertAgreement | None = None
    no_agreement: str = ""
    not_asked: tuple[Message, ...] = ()

    @property
    def fired(self) -> tuple[str, ...]:
        """Keys of the criteria that hold."""
        return tuple(state.key for state in self.criteria if state.fires)
