"""Seasons made of known questions: weeks in which nothing new is asked, so every alarm is false.

With few known questions, or few wordings of each kind, a season can look like something new: what
many ask then lies far from the few known wordings of it. A limit is therefore raised, as far as it
must be, until such seasons ring no oftener than was accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.types.watch_looks import FalseAlarms

TOPICS = 12  # kinds of question between which a simulated season moves
SIMULATED = 10_000  # half of them choose a limit, half say how often it rings by mistake
FEWEST = 40  # known questions below which no season is made and nothing rings
STEP = 0.01  # by which a limit is raised


@dataclass(frozen=True, eq=False)
class Seasons:
    """Weeks drawn from known questions.

    Attributes
    ----------
    asked : bool array [simulated, n]
        Whether a question is asked in a week.
    known : bool array [simulated, n]
        What the week is compared with; none of it is asked.
    """

    asked: np.ndarray
    known: np.ndarray


def seasons(vectors: np.ndarray, size: int, *, simulated: int, seed: int) -> Seasons:
    """Draw weeks from known questions, topics in random shares.

    One half of the questions, by lot, is what is known; from the other half a week is drawn. So
    a topic that everybody asks about stays known, as in life, and is asked about in
    wordings that are not known. Some topics are several times as frequent as before, some are gone.

    Parameters
    ----------
    vectors : float array [n, d]
        Of the known questions; what lies together is a topic (k-means).
    size : int
        Questions of a week, at most half of the known ones (else half are taken).
    """
    from sklearn.cluster import KMeans

    rng, count = np.random.default_rng(seed), len(vectors)
    topics = min(TOPICS, max(count // 10, 1))
    topic = KMeans(topics, n_init=1, random_state=seed).fit_predict(vectors)
    asked, known = np.zeros((simulated, count), bool), np.ones((simulated, count), bool)
    for row in range(simulated):
        pool = rng.permutation(count)[: count // 2]
        known[row, pool] = False
        there = topic[pool]
        # Dirichlet(1): every mixture of the topics is as likely as any other
        shares = rng.dirichlet(np.ones(topics)) / np.maximum(
            np.bincount(there, minlength=topics), 1
        )
        # the smallest of exponential times by rate: a draw by weight without replacement
        times = rng.exponential(size=len(pool)) / np.maximum(shares[there], 1e-300)
        asked[row, pool[np.argsort(times)[:size]]] = True
    return Seasons(asked, known)


def safe_limit(
    p_values: Callable[[float], np.ndarray],
    limit: float,
    *,
    most: float,
    false_alarms: float,
    looks: float,
) -> tuple[float, FalseAlarms]:
    """Return the least limit at which seasons ring no oftener than accepted, and how often then.

    It is chosen on one half of the seasons; how often the other half rings is told.

    Parameters
    ----------
    p_values : callable
        Limit to p of each season, float [simulated].
    limit : float
        As it was set; it is never lowered.
    most : float
        Where raising ends.
    false_alarms, looks : float
        Alarms that are accepted in so many looks.
    """
    level = false_alarms / looks
    raised = limit
    while True:
        rings = p_values(raised) <= level
        half = len(rings) // 2
        if rings[:half].mean() * looks <= false_alarms or raised >= most:
            break
        raised = round(min(raised + STEP, most), 4)
    alarms = int(rings[half:].sum())
    looked = len(rings) - half
    return raised, FalseAlarms(looked, alarms, alarms / looked * looks)
