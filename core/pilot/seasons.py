"""Seasons made of known questions: weeks in which nothing new is asked, so every alarm is false.

With few known questions, or few wordings of each kind, a season can look like something new: a kind
of question that many ask is then missing among those that are left to compare with. A limit is
therefore raised, as far as it must be, until such seasons ring no oftener than was accepted.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.types.watch_looks import FalseAlarms

TOPICS = 12  # kinds of question between which a simulated season moves
SIMULATED = 10_000  # half of them choose a limit, half say how often it rings by mistake
FEWEST = 40  # known questions below which no season is made and nothing rings
STEP = 0.01  # by which a limit is raised


def seasons(vectors: np.ndarray, size: int, *, simulated: int, seed: int) -> np.ndarray:
    """Draw weeks from known questions, topics in random shares.

    Some topics are several times as frequent as before, some are gone.

    Parameters
    ----------
    vectors : float array [n, d]
        Of the known questions; what lies together is a topic (k-means).
    size : int
        Questions of a week, at most half of the known ones (else half are taken).

    Returns
    -------
    bool array [simulated, n]
        Whether a question is asked in a week; the others are what it is compared with.
    """
    from sklearn.cluster import KMeans

    rng, count = np.random.default_rng(seed), len(vectors)
    size = min(size, count // 2)
    topics = min(TOPICS, max(count // 10, 1))
    topic = KMeans(topics, n_init=1, random_state=seed).fit_predict(vectors)
    sizes = np.maximum(np.bincount(topic, minlength=topics), 1)
    drawn = np.zeros((simulated, count), bool)
    for week in drawn:
        # Dirichlet(1): every mixture of the topics is as likely as any other
        chance = (rng.dirichlet(np.ones(topics)) / sizes)[topic]
        # the smallest of exponential times by rate: a draw by weight without replacement
        times = rng.exponential(size=count) / np.maximum(chance, 1e-300)
        week[np.argpartition(times, size)[:size]] = True
    return drawn


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
