"""Collecting questions: which answer is shown to whom next, and what to look at before taking in.

Everybody writes for another answer at the same moment, and answers with few questions come first,
so that twenty people in a room cover as much as they can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from core.data.near_duplicates.grouping import GroupingSettings, nearest_known
from core.data.near_duplicates.ngrams import plain_form
from core.data.open_questions import why_no_question
from core.data.personal.recognition import Recogniser, spans
from core.errors import DataError
from core.hashing import content_id
from core.messages import N_
from core.types import QADataset, Rows
from core.types.asked_rounds import AskRound, Contribution

MOST_ANSWERS = 300
MOST_EACH = 3  # questions of one person for one answer
# From this share of a question on, in one run, it repeats its answer: of the questions of the
# English and the Japanese sample fewer than 1 in 100 do (a test holds that).
COPIED, SHORTEST_COPY = 0.7, 20
OWN_WORDS, PERSONAL, KNOWN_ALREADY, NO_QUESTION = "copied", "personal", "known", "no question"
FLAGS: Mapping[str, str] = {
    OWN_WORDS: N_("nearly the answer's own words"),
    PERSONAL: N_("personal data"),
    KNOWN_ALREADY: N_("asked in the data already"),
    NO_QUESTION: N_("no question"),
}


def answers_to_ask(dataset: QADataset, count: int, *, seed: int) -> Rows:
    """Return the answers that need questions most: those with the fewest, drawn by chance.

    Parameters
    ----------
    count : int, 1 to ``MOST_ANSWERS``
    seed : int
        Of the draw among answers with as many questions.

    Returns
    -------
    int32 array [count], fewer where the data have fewer answers

    Raises
    ------
    DataError
        If the number is out of range.
    """
    if not 1 <= count <= MOST_ANSWERS:
        raise DataError(
            "1 to {most} answers can be asked about at once; {count} was asked for.",
            most=MOST_ANSWERS,
            count=count,
        )
    asked = np.bincount(dataset.right_answer, minlength=len(dataset.answers))
    chance = np.random.default_rng(seed).permutation(len(dataset.answers))
    return np.lexsort((chance, asked))[:count].astype(np.int32)


def next_answer(
    round_: AskRound,
    given: Sequence[Contribution],
    person: str,
    skipped: Collection[int] = (),
) -> int | None:
    """Return the position of the answer that a person should write for now, None when all is done.

    First come answers that this person has written least for, then those with the fewest questions
    of anybody, then an order that differs between people.

    Parameters
    ----------
    given : sequence of Contribution
        Questions in force.
    skipped : collection of int
        Positions that the person passed over.
    """
    of_all = Counter(entry.place for entry in given)
    own = Counter(entry.place for entry in given if entry.person == person)
    left = [
        place
        for place in range(len(round_.rows))
        if place not in skipped and own[place] < MOST_EACH
    ]
    if not left:
        return None

    def rank(place: int) -> tuple[int, bool, int, str]:
        enough = of_all[place] >= round_.wanted
        return own[place], enough, of_all[place], content_id([round_.id, person, str(place)])

    return min(left, key=rank)


@dataclass(frozen=True)
class ReviewedQuestion:
    """A question that somebody wrote, with what speaks against taking it.

    Attributes
    ----------
    entry : Contribution
    flags : tuple of str
        Keys of :data:`FLAGS`.
    copied : float in [0, 1]
        Share of it that is one run of signs of the answer.
    """

    entry: Contribution
    flags: tuple[str, ...]
    copied: float


def reviewed(
    dataset: QADataset, given: Sequence[Contribution], more: Recogniser | None = None
) -> tuple[ReviewedQuestion, ...]:
    """Return the questions with what speaks against each, oldest first.

    Parameters
    ----------
    dataset : QADataset
        The version of the data that the round's rows count in.
    more : callable, optional
        As in :func:`core.data.personal.recognition.spans`.
    """
    texts = [entry.text for entry in given]
    shares = [copied_share(entry.text, dataset.answers[entry.answer]) for entry in given]
    judged = [dataset.questions[row] for row in dataset.judged_rows.tolist()]
    nearest = nearest_known(texts, judged, GroupingSettings().question_similarity)
    found = []
    for entry, share, known in zip(given, shares, nearest.tolist(), strict=True):
        is_so = {
            NO_QUESTION: why_no_question(entry.text) is not None,
            OWN_WORDS: share >= COPIED,
            PERSONAL: bool(spans(entry.text, more)),
            KNOWN_ALREADY: known >= 0,
        }
        flags = tuple(flag for flag in FLAGS if is_so[flag])
        found.append(ReviewedQuestion(entry, flags, share))
    return tuple(found)


def copied_share(text: str, answer: str) -> float:
    """Return which share of a text is one run of signs that its answer has, too, in [0, 1].

    Single words in another order are how people search, so only what stands together counts, and
    what is shorter than :data:`SHORTEST_COPY` letters (a Japanese character counts as two) is 0.
    """
    here, there = plain_form(text), plain_form(answer)
    if _letters(here) < SHORTEST_COPY:
        return 0.0
    matcher = SequenceMatcher(None, there, here, autojunk=False)
    return matcher.find_longest_match().size / len(here)


def _letters(text: str) -> int:
    return len(text) + sum(not sign.isascii() for sign in text)
