"""What would leave this machine before an API expert can score, and what that costs."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.experts.api_connection import ApiConnection
from core.experts.embedding import text_keys
from core.experts.entry import DOCUMENT, QUERY
from core.experts.lexical import UNSPACED
from core.workspace.vectors import VectorCache

BATCH_TEXTS, BATCH_CHARACTERS = 64, 60_000
_EXAMPLES = 5
# Rules of thumb for the tokenizers that such APIs count with; told as an estimate.
_SPACED, _UNSPACED = 4.0, 1.5  # characters per token
_SECONDS_PER_REQUEST = 1.0


@dataclass(frozen=True)
class SendPlan:
    """What one API expert would be sent.

    Attributes
    ----------
    connection : ApiConnection
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
    """

    connection: ApiConnection
    questions: int
    answers: int
    characters: int
    tokens: int
    cost: float | None
    requests: int
    seconds: float
    examples: tuple[str, ...]

    @property
    def texts(self) -> int:
        """How many texts would be sent."""
        return self.questions + self.answers


def missing_texts(
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
        _, found = cache.get(connection.fingerprint, keys)
        missing[role] = [distinct[i] for i in np.flatnonzero(~found)]
        planned |= {(prompt, text) for text in missing[role]}
    return missing


def plan_sending(
    connection: ApiConnection,
    questions: Sequence[str],
    answers: Sequence[str],
    cache: VectorCache,
) -> SendPlan:
    """Return what would be sent for these texts; asks nobody."""
    missing = missing_texts(connection, questions, answers, cache)
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
