"""Scoring by experts: what is asked, where texts would be sent for it, and what comes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np

from core.hashing import content_id
from core.messages import Message
from core.types.comparison import Interval
from core.types.expert_entry import DOCUMENT, QUERY

API_PREFIX, LLM_PREFIX = "api:", "llm:"


@dataclass(frozen=True)
class ServerConnection(ABC):
    """A server of others that texts may be sent to, whatever it does with them.

    Attributes
    ----------
    name : str
        What the user calls it; part of the expert's key.
    base_url : str
        For example ``https://api.openai.com/v1``; the end of the address is added.
    model : str
        As the API calls it.
    key_variable : str
        Environment variable (or entry of the app's secrets) that holds the key; "" = none needed.
    longest : int or None
        Characters that are sent of a text; None = all.
    price : float or None
        For a million tokens, in the user's currency.
    requests_per_minute : int
        At most so many requests are sent.
    """

    name: str
    base_url: str
    model: str
    key_variable: str = ""
    longest: int | None = None
    price: float | None = None
    requests_per_minute: int = 300

    @property
    def host(self) -> str:
        """Host, with the port where one is given: where the texts go."""
        return urlsplit(self.base_url).netloc

    @property
    @abstractmethod
    def key(self) -> str:
        """The expert's key."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Address that texts are sent to."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Hash of everything that decides the scores; who pays (the key) does not."""


@dataclass(frozen=True)
class ApiConnection(ServerConnection):
    """One OpenAI-compatible embeddings API and how it is used; its key is ``api:<name>``.

    Attributes
    ----------
    dimensions : int or None
        Length of a vector to ask for; None leaves it to the model.
    query_prompt, document_prompt : str
        Text put before a question and an answer.
    """

    dimensions: int | None = None
    query_prompt: str = ""
    document_prompt: str = ""

    @property
    def key(self) -> str:
        """The expert's key."""
        return f"{API_PREFIX}{self.name}"

    @property
    def url(self) -> str:
        """Address that texts are sent to."""
        return f"{self.base_url}/embeddings"

    @property
    def fingerprint(self) -> str:
        """Hash of everything that decides the vectors; who pays (the key) does not."""
        settings = (self.base_url, self.model, self.dimensions, self.longest)
        prompts = (self.query_prompt, self.document_prompt)
        return content_id(["api v1", *(str(setting) for setting in settings), *prompts])

    def prompt(self, role: str) -> str:
        """Return the prompt for ``query`` or ``document``."""
        return {QUERY: self.query_prompt, DOCUMENT: self.document_prompt}[role]

    def sent(self, text: str, role: str) -> str:
        """Return what is sent for a text: the prompt and as much of the text as is wanted."""
        return f"{self.prompt(role)}{text[: self.longest]}"


@dataclass(frozen=True)
class ChatConnection(ServerConnection):
    """One OpenAI-compatible chat endpoint, and how its model judges pairs; ``llm:<name>``.

    Attributes
    ----------
    guideline : str
        What the model is told to judge by, in the user's words.
    language : str
        Of the scale and of the rules around the guideline, ``en`` or ``ja``.
    both_orders : bool
        Ask twice, once with the answer before the question: models favour what comes first.
    repeats : int
        How often each order is asked; the mean counts. Above 1 the model is told to vary.
    top, disputed, random : int
        Answers per question that are judged: the ones that other experts rank best, those on which
        they differ most, and some at random. Right answers are always judged.
    most_pairs : int
        No more pairs are judged, whatever the data hold; questions are then drawn at random.
    pairs_per_request, requests_at_once : int
        Pairs that go out together, and requests that may be under way at the same time.
    """

    guideline: str = ""
    language: str = "en"
    both_orders: bool = False
    repeats: int = 1
    top: int = 3
    disputed: int = 1
    random: int = 1
    most_pairs: int = 2000
    pairs_per_request: int = 8
    requests_at_once: int = 4

    @property
    def key(self) -> str:
        """The expert's key."""
        return f"{LLM_PREFIX}{self.name}"

    @property
    def url(self) -> str:
        """Address that texts are sent to."""
        return f"{self.base_url}/chat/completions"

    @property
    def asked(self) -> str:
        """Hash of everything that decides one answer; a pair is never paid for twice under it."""
        settings = (self.base_url, self.model, self.longest, self.language, self.repeats > 1)
        return content_id(["llm v1", *(str(setting) for setting in settings), self.guideline])

    @property
    def fingerprint(self) -> str:
        """Hash of everything that decides the scores: how a pair is asked about, and which."""
        chosen = (self.both_orders, self.repeats, self.top, self.disputed, self.random)
        settings = (*chosen, self.most_pairs)
        return content_id([self.asked, *(str(setting) for setting in settings)])

    @property
    def times(self) -> int:
        """How often the model is asked about one pair."""
        return self.repeats * (2 if self.both_orders else 1)


@dataclass(frozen=True)
class ApiConnections:
    """The connections of a project: those that can be chosen, and those that were removed.

    Scores that a removed one brought can still be read.
    """

    used: tuple[ApiConnection, ...] = ()
    removed: tuple[ApiConnection, ...] = ()


@dataclass(frozen=True)
class ChatConnections:
    """The language models of a project: those that can be chosen, and those that were removed."""

    used: tuple[ChatConnection, ...] = ()
    removed: tuple[ChatConnection, ...] = ()


@dataclass(frozen=True)
class SendPlan:
    """What one expert behind a server would be sent.

    Attributes
    ----------
    connection : ServerConnection
    questions, answers : int
        Texts that are not in the cache.
    characters, tokens : int
        Of all of them with their prompts; tokens are an estimate.
    cost : float or None
        Estimated, in the currency of the connection's price; None where no price is known.
    requests : int
    seconds : float
        Estimated from the requests a minute that are allowed, at one second each or more.
    examples : tuple of str
        Up to five of the texts as they would be sent.
    pairs : int
        Pairs of question and answer that a language model would judge, at most.
    """

    connection: ServerConnection
    questions: int
    answers: int
    characters: int
    tokens: int
    cost: float | None
    requests: int
    seconds: float
    examples: tuple[str, ...]
    pairs: int = 0

    @property
    def texts(self) -> int:
        """How many texts, or pairs of texts, would be sent."""
        return self.questions + self.answers + self.pairs


@dataclass(frozen=True)
class ScoreRequest:
    """What a scoring job is asked.

    Attributes
    ----------
    dataset_id : str
    experts : tuple of str
        Keys of the catalogue or of sources with a prefix.
    api : tuple of ApiConnection
        Where somebody agreed to send texts, as it was set up then; never with a key.
    llm : tuple of ChatConnection
        The language models that somebody agreed to let judge pairs.
    """

    dataset_id: str
    experts: tuple[str, ...]
    api: tuple[ApiConnection, ...] = ()
    llm: tuple[ChatConnection, ...] = ()

    @property
    def may_send(self) -> tuple[ServerConnection, ...]:
        """Every server that texts may be sent to."""
        return (*self.api, *self.llm)


@dataclass(frozen=True)
class ExpertFigures:
    """How good one expert is alone on questions outside the test split.

    Attributes
    ----------
    ndcg : Interval or None
        None for an expert that scores listed pairs: it cannot order all answers, and an order of
        the list alone would flatter it, because every right answer was put on the list.
    average_precision, roc_auc : Interval
        Over the pairs that the expert has an opinion on; NaN where these are too few.
    seconds : float
        That reading took.
    texts_encoded : int
        Texts (of a cross-encoder: pairs) that had to be read.
    loading_seconds : float
        Until the model was in memory, fetching included; says nothing about how fast it reads.
    """

    expert: str
    title: str
    ndcg: Interval | None
    average_precision: Interval
    roc_auc: Interval
    seconds: float
    texts_encoded: int
    fingerprint: str
    loading_seconds: float = 0.0


TEACHER, PERHAPS_TEACHER, NO_TEACHER, TEACHER_UNKNOWN = "teacher", "perhaps", "none", "unknown"


@dataclass(frozen=True)
class TeacherAdvice:
    """Whether an expert searches better than the model that is to be tuned, so it can teach it.

    Measured on all questions outside the test: neither the expert nor the untuned model has learned
    from them, so training questions count as much as those for validation, which of a bare FAQ are
    a handful.

    Attributes
    ----------
    verdict : str
        ``teacher`` (the interval of the lead leaves out zero), ``perhaps`` (ahead, but too few
        questions to be sure), ``none`` or ``unknown`` (not measured yet).
    base : str
        Key of the model to be tuned.
    teacher : str
        Key of the best other expert that scores all pairs; "" = there is none.
    base_ndcg, teacher_ndcg, lead : Interval or None
        nDCG@10 of both and their paired difference; None where not measured.
    questions, groups : int
        Questions measured on, and the answer groups that they belong to.
    sentence : Message
        All of it in one sentence.
    candidate : str
        Key of an expert to add that is known as stronger in this language; "" = none is known.
    remedy : Message or None
        What to add; None where there is a teacher.
    """

    verdict: str
    base: str
    sentence: Message
    teacher: str = ""
    base_ndcg: Interval | None = None
    teacher_ndcg: Interval | None = None
    lead: Interval | None = None
    questions: int = 0
    groups: int = 0
    candidate: str = ""
    remedy: Message | None = None


KEEP, LEAVE_OUT, COPY_OF = "keep", "leave out", "copy"  # what is proposed for an expert


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
        return tuple(expert.expert for expert in self.advice if expert.verdict == KEEP)


@dataclass(frozen=True)
class ScoringResult:
    """What a scoring says about the experts.

    Attributes
    ----------
    figures : tuple of ExpertFigures
        Of the experts that scored.
    agreement : tuple of tuple of float
        Spearman correlations between experts, in the order of ``figures``; NaN = not known.
    failures : mapping of expert to Message
        Experts that could not score, and why.
    teacher : TeacherAdvice or None
        Whether one of them can teach the model suggested for the data; None in results of earlier
        versions.
    panel : PanelAdvice or None
        Who should take part in the labels; None with a single expert, in results of earlier
        versions, and after a change without a job.
    """

    figures: tuple[ExpertFigures, ...] = ()
    agreement: tuple[tuple[float, ...], ...] = ()
    failures: Mapping[str, Message] = field(default_factory=dict)
    teacher: TeacherAdvice | None = None
    panel: PanelAdvice | None = None

    @property
    def has_teacher(self) -> bool:
        """True if an expert surely searches better than the model suggested for the data."""
        return self.teacher is not None and self.teacher.verdict == TEACHER

    @property
    def agreement_table(self) -> np.ndarray:
        """The agreement as float64 array [K, K]."""
        return np.array(self.agreement, np.float64)


@dataclass(frozen=True)
class ScoredExperts:
    """The experts whose scores are in use.

    Attributes
    ----------
    dataset_id : str
        Data that they scored; scores of earlier data do not count.
    experts : tuple of str
        Catalogue keys.
    run_id : str
        The scoring job; "" = experts came and went since without one.
    measured : ScoringResult or None
        Figures of the experts after a change without a job; None = those of the job.
    """

    dataset_id: str
    experts: tuple[str, ...]
    run_id: str = ""
    measured: ScoringResult | None = None
