"""An expert behind an embeddings API: what it would be sent, and how its scores come.

Each text is sent once, and only after somebody saw what would leave this machine and agreed.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from core.errors import ExpertError
from core.experts.encoders import cached_scores, text_keys
from core.experts.encoding import Pace
from core.experts.lexical import UNSPACED
from core.experts.outside.api_client import ApiClient, Patience, RefusedError
from core.experts.source import SENDS_NOTHING, ExpertSource, ScoringContext
from core.messages import N_, Message
from core.progress import Progress
from core.types import ExpertScores, QADataset, Reporter
from core.types.expert_entry import BEHIND_API, DOCUMENT, QUERY, Availability
from core.types.scoring import API_PREFIX, ApiConnection, SendPlan
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache

BATCH_TEXTS, BATCH_CHARACTERS = 64, 60_000
_EXAMPLES = 5
# Rules of thumb for the tokenizers that such APIs count with; told as an estimate.
_SPACED, _UNSPACED = 4.0, 1.5  # characters per token
_SECONDS_PER_REQUEST = 1.0


def _missing_texts(
    connection: ApiConnection,
    questions: Sequence[str],
    answers: Sequence[str],
    cache: VectorCache,
) -> dict[str, list[str]]:
    """Return the distinct texts per role that the cache does not hold, in the data's order."""
    missing: dict[str, list[str]] = {}
    planned: set[tuple[str, str]] = set()
    for role, texts in ((QUERY, questions), (DOCUMENT, answers)):
        prompt = connection.prompt(role)
        # With equal prompts a question that is also an answer is sent once.
        distinct = [text for text in dict.fromkeys(texts) if (prompt, text) not in planned]
        keys = text_keys(distinct, prompt)
        _, is_there = cache.get(connection.fingerprint, keys)
        missing[role] = [distinct[i] for i in np.flatnonzero(~is_there)]
        planned |= {(prompt, text) for text in missing[role]}
    return missing


def plan_sending(
    connection: ApiConnection,
    questions: Sequence[str],
    answers: Sequence[str],
    cache: VectorCache,
) -> SendPlan:
    """Return what would be sent for these texts; asks nobody."""
    missing = _missing_texts(connection, questions, answers, cache)
    sent = [connection.sent(text, role) for role, texts in missing.items() for text in texts]
    tokens = sum(estimated_tokens(text) for text in sent)
    requests = sum(len(batches(texts, connection, role)) for role, texts in missing.items())
    pace = max(60 / connection.requests_per_minute, _SECONDS_PER_REQUEST)
    places = np.linspace(0, len(sent) - 1, min(_EXAMPLES, len(sent))).round().astype(int)
    return SendPlan(
        connection=connection,
        questions=len(missing[QUERY]),
        answers=len(missing[DOCUMENT]),
        characters=sum(map(len, sent)),
        tokens=tokens,
        cost=None if connection.price is None else tokens / 1e6 * connection.price,
        requests=requests,
        seconds=requests * pace,
        examples=tuple(sent[i] for i in places),
    )


def batches(
    texts: Sequence[str], connection: ApiConnection, role: str, most: int = BATCH_TEXTS
) -> list[list[str]]:
    """Cut texts into lists of at most ``most`` texts and about 60,000 characters."""
    parts: list[list[str]] = []
    room = 0
    for text in texts:
        size = len(connection.sent(text, role))
        if not parts or len(parts[-1]) >= most or size > room:
            parts.append([])
            room = BATCH_CHARACTERS
        parts[-1].append(text)
        room -= size
    return parts


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has, at least 1.

    Four characters a token; 1.5 in scripts without spaces, such as Japanese and Chinese.
    """
    unspaced = len(re.findall(f"[{UNSPACED}]", text))
    return max(1, math.ceil(unspaced / _UNSPACED + (len(text) - unspaced) / _SPACED))


@dataclass(frozen=True, kw_only=True)
class ApiExpert(ExpertSource):
    """A model behind an API; raw score = cosine.

    Attributes
    ----------
    connection : ApiConnection or None
        None where only the key is known: it is described, but neither scores nor has scores.
    environment : mapping or None
        Holds the key. None: nothing may be sent; what is in the cache can be used.
    """

    meaning: str = N_("A model behind an API: your texts are sent to its server.")
    languages: tuple[str, ...] = ()
    licence: str = ""
    trainable: bool = False
    not_asked: ClassVar[str] = SENDS_NOTHING
    connection: ApiConnection | None = None
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    patience: Patience = field(default_factory=Patience)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def of_key(cls, key: str) -> ApiExpert:
        """Return the expert of ``api:<name>`` whose settings are not known."""
        return cls(key=key, title=key.removeprefix(API_PREFIX))

    @classmethod
    def of(
        cls, connection: ApiConnection, environment: Mapping[str, str] | None = None
    ) -> ApiExpert:
        """Return the expert of a connection; without an environment it sends nothing."""
        return cls(
            key=connection.key,
            title=connection.name,
            dimension=connection.dimensions,
            prompts={role: connection.prompt(role) for role in (QUERY, DOCUMENT)},
            connection=connection,
            environment=environment,
        )

    def availability(self, models: ModelStore | None = None) -> Availability:
        """Return where texts are sent to."""
        text = N_("Behind an API: your texts are sent to {host}.")
        host = self.connection.host if self.connection else ""
        return Availability(True, BEHIND_API, Message(text, {"host": host}))

    def score(self, dataset: QADataset, context: ScoringContext, report: Reporter) -> int:
        """Send what is not in the cache; every answered batch is kept at once.

        Raises
        ------
        ExpertError
            If nobody agreed to send texts, or the API cannot be used; says what to do.
        Stopped
            If the reporter was asked to stop; what was answered is kept.
        """
        connection, cache = self._connected(), context.vectors
        missing = _missing_texts(connection, dataset.questions, dataset.answers, cache)
        count = sum(map(len, missing.values()))
        if not count:
            return 0
        if self.environment is None:
            raise ExpertError(
                "{count} texts would have to be sent to {host}, and nobody agreed to that. Let "
                "this expert score on the Experts page, where it asks first.",
                count=count,
                host=connection.host,
            )
        share = len(missing[QUERY]) / count
        with ApiClient(
            connection,
            self.environment,
            patience=self.patience,
            clock=self.clock,
            sleep=self.sleep,
        ) as client:
            self._send(client, missing[QUERY], QUERY, cache, Progress(report, 0, share))
            self._send(client, missing[DOCUMENT], DOCUMENT, cache, Progress(report, share, 1))
        return count

    def recall(self, dataset: QADataset, context: ScoringContext) -> ExpertScores | None:
        """Return unit vectors from the cache; asks nobody."""
        return cached_scores(self, self._connected().fingerprint, dataset, context.vectors)

    def _connected(self) -> ApiConnection:
        if self.connection is None:
            raise ExpertError(
                "There is no connection to an API called {name} in this workspace. Add it on the "
                "Experts page.",
                name=self.title,
            )
        return self.connection

    def _send(
        self,
        client: ApiClient,
        texts: Sequence[str],
        role: str,
        cache: VectorCache,
        report: Reporter,
    ) -> None:
        connection = self._connected()
        pace = Pace([len(text) for text in texts], report, self.clock)
        known, _ = cache.get(connection.fingerprint, np.zeros((0, 16), np.uint8))
        dimension, done, most = known.shape[1], 0, BATCH_TEXTS
        while done < len(texts):
            batch = batches(texts[done : done + most], connection, role, most)[0]
            try:
                sent = [connection.sent(text, role) for text in batch]
                vectors = client.embed(sent, report.should_stop)
            except RefusedError:
                if len(batch) == 1:
                    raise
                most = max(1, len(batch) // 2)  # some servers take 32 texts or fewer at once
                continue
            if dimension not in (0, vectors.shape[1]):
                raise ExpertError(
                    "{host} sent vectors of {got} numbers, earlier ones have {wanted}: the model "
                    "{model} was exchanged there. Give the new model a connection of its own, with "
                    "another model name or dimensions.",
                    host=connection.host,
                    got=vectors.shape[1],
                    wanted=dimension,
                    model=connection.model,
                )
            dimension = vectors.shape[1]
            keys = text_keys(batch, connection.prompt(role))
            cache.put(connection.fingerprint, keys, vectors)
            done += len(batch)
            pace.done(done)
