"""An expert behind an embeddings API: each text is sent once, and only after somebody agreed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.errors import ExpertError
from core.experts.adapters import Tables
from core.experts.api_client import ApiClient, Patience
from core.experts.api_connection import ApiConnection
from core.experts.api_plan import BATCH_TEXTS, batches, missing_texts
from core.experts.api_reply import RefusedError
from core.experts.embedding import read_cached, text_keys
from core.experts.entry import DOCUMENT, QUERY
from core.experts.progress import Pace
from core.progress import Progress
from core.types import Reporter
from core.workspace.vectors import VectorCache


@dataclass(frozen=True)
class ApiExpert:
    """A model behind an API as an :class:`core.experts.adapters.Expert`; raw score = cosine.

    Attributes
    ----------
    connection : ApiConnection
    environment : mapping or None
        Holds the key. None: nothing may be sent; what is in the cache can be used.
    """

    connection: ApiConnection
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    patience: Patience = field(default_factory=Patience)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @property
    def key(self) -> str:
        """``api:<name>``."""
        return self.connection.key

    def fingerprint(self) -> str:
        """Return the hash of address, model, dimensions and prompts."""
        return self.connection.fingerprint

    def represent(
        self,
        questions: Sequence[str],
        answers: Sequence[str],
        cache: VectorCache,
        report: Reporter,
    ) -> int:
        """Send what is not in the cache; every answered batch is kept at once.

        Raises
        ------
        ExpertError
            If nobody agreed to send texts, or the API cannot be used; says what to do.
        Stopped
            If the reporter was asked to stop; what was answered is kept.
        """
        missing = missing_texts(self.connection, questions, answers, cache)
        count = sum(map(len, missing.values()))
        if not count:
            return 0
        if self.environment is None:
            raise ExpertError(
                "{count} texts would have to be sent to {host}, and nobody agreed to that. Let "
                "this expert score on the Experts page, where it asks first.",
                count=count,
                host=self.connection.host,
            )
        client = ApiClient(
            self.connection,
            self.environment,
            patience=self.patience,
            clock=self.clock,
            sleep=self.sleep,
        )
        share = len(missing[QUERY]) / count
        self._send(client, missing[QUERY], QUERY, cache, Progress(report, 0, share))
        self._send(client, missing[DOCUMENT], DOCUMENT, cache, Progress(report, share, 1))
        return count

    def recall(
        self, questions: Sequence[str], answers: Sequence[str], cache: VectorCache
    ) -> Tables | None:
        """Return unit vectors from the cache; asks nobody."""
        sides = []
        for texts, role in ((questions, QUERY), (answers, DOCUMENT)):
            prompt = self.connection.prompt(role)
            vectors = read_cached(self.fingerprint(), texts, prompt, cache)
            if vectors is None:
                return None
            sides.append(vectors)
        return Tables(*sides)

    def _send(
        self,
        client: ApiClient,
        texts: Sequence[str],
        role: str,
        cache: VectorCache,
        report: Reporter,
    ) -> None:
        prompt = self.connection.prompt(role)
        pace = Pace([len(text) for text in texts], report, self.clock)
        known, _ = cache.get(self.fingerprint(), np.zeros((0, 16), np.uint8))
        dimension, done, most = known.shape[1], 0, BATCH_TEXTS
        while done < len(texts):
            batch = batches(texts[done : done + most], self.connection, role, most)[0]
            try:
                sent = [self.connection.sent(text, role) for text in batch]
                vectors = client.embed(sent, report.should_stop)
            except RefusedError:
                if len(batch) == 1:
                    raise
                most = max(1, len(batch) // 2)  # some servers take 32 texts or fewer at once
                continue
            self._check_length(vectors, dimension)
            dimension = vectors.shape[1]
            cache.put(self.fingerprint(), text_keys(batch, prompt), vectors)
            done += len(batch)
            pace.done(done)

    def _check_length(self, vectors: np.ndarray, wanted: int) -> None:
        """Raise ExpertError if earlier vectors of this connection have another length, 0 = none."""
        if wanted not in (0, vectors.shape[1]):
            raise ExpertError(
                "{host} sent vectors of {got} numbers, earlier ones have {wanted}: the model "
                "{model} was exchanged there. Give the new model a connection of its own, with "
                "another model name or dimensions.",
                host=self.connection.host,
                got=vectors.shape[1],
                wanted=wanted,
                model=self.connection.model,
            )
