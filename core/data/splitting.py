"""Train, validation and test without leaks, in both regimes of METHOD §6; less training data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.errors import TooLittleDataError
from core.messages import N_, Message
from core.types import (
    SPLITS,
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    VALIDATION_KNOWN,
    VALIDATION_UNSEEN,
    QADataset,
    Rows,
)

# Below 20 questions a quarter of the known ones is fewer than three test questions, and below 8
# groups a fifth is fewer than two held-out answers: no difference could be told from chance, and a
# training batch (questions of distinct groups) would hardly have a wrong answer to learn from.
MIN_QUESTIONS = 20
MIN_GROUPS = 8
# From here on an interval clustered by group means something; below it a warning is shown.
FEW_TEST_QUESTIONS = 10
FEW_TEST_GROUPS = 5
_FEW_KNOWN = N_(
    "The test “known answers, new wording” has only {questions} questions from {groups} groups of "
    "answers; from {least} questions and {fewest} groups on, its result means something."
)
_FEW_UNSEEN = N_(
    "The test “unseen answers” has only {questions} questions from {groups} groups of answers; "
    "from {least} questions and {fewest} groups on, its result means something."
)
LEFT_OUT = "left_out"  # a split of its own: neither learned from nor measured on
SPLIT_TITLES: Mapping[str, str] = {
    TRAIN: N_("training"),
    VALIDATION_KNOWN: N_("validation (known)"),
    VALIDATION_UNSEEN: N_("validation (unseen)"),
    TEST_KNOWN: N_("test (known)"),
    TEST_UNSEEN: N_("test (unseen)"),
}
_WIDEST = max(map(len, SPLITS))


@dataclass(frozen=True)
class SplitSettings:
    """Shares of each split.

    Attributes
    ----------
    test_unseen, validation_unseen : float in (0, 1)
        Share of answer groups held out whole.
    test_known, validation_known : float in (0, 1)
        Share of the questions of the other groups.
    """

    test_unseen: float = 0.2
    validation_unseen: float = 0.1
    test_known: float = 0.3  # fewer, and a verdict on a hundred answers stays open too often
    validation_known: float = 0.12


@dataclass(frozen=True)
class SplitFigures:
    """Counts per split, for the picture of the split.

    Attributes
    ----------
    questions, groups : mapping of split to int
        A known group is counted in each split that has questions of it.
    known_groups, unseen_groups : int
        Groups with training questions, and groups held out whole.
    """

    questions: Mapping[str, int]
    groups: Mapping[str, int]
    known_groups: int
    unseen_groups: int

    @property
    def warnings(self) -> tuple[Message, ...]:
        """What limits the verdict: a regime that cannot be tested or has few questions."""
        found = []
        if not self.questions[TEST_KNOWN] and self.questions[TRAIN]:
            text = N_(
                "The test “known answers, new wording” has no questions. It needs answers with at "
                "least two differently worded questions each: add some to get it."
            )
            found.append(Message(text))
        for split, text in ((TEST_KNOWN, _FEW_KNOWN), (TEST_UNSEEN, _FEW_UNSEEN)):
            questions, groups = self.questions[split], self.groups[split]
            if questions and (questions < FEW_TEST_QUESTIONS or groups < FEW_TEST_GROUPS):
                values: dict[str, str | int | float] = {
                    "questions": questions,
                    "groups": groups,
                    "least": FEW_TEST_QUESTIONS,
                    "fewest": FEW_TEST_GROUPS,
                }
                found.append(Message(text, values))
        return tuple(found)


def split_figures(split: np.ndarray, question_group: np.ndarray) -> SplitFigures:
    """Count questions and answer groups per split."""
    held = {name: question_group[split == name] for name in SPLITS}
    known = np.unique(np.concatenate([held[TRAIN], held[VALIDATION_KNOWN], held[TEST_KNOWN]]))
    unseen = np.unique(np.concatenate([held[VALIDATION_UNSEEN], held[TEST_UNSEEN]]))
    return SplitFigures(
        {name: len(groups) for name, groups in held.items()},
        {name: len(np.unique(groups)) for name, groups in held.items()},
        len(known),
        len(unseen),
    )


def check_enough(questions: int, groups: int) -> None:
    """Raise where nothing could be learned and tested.

    Raises
    ------
    TooLittleDataError
        Below ``MIN_QUESTIONS`` questions or ``MIN_GROUPS`` answer groups.
    """
    if questions < MIN_QUESTIONS or groups < MIN_GROUPS:
        raise TooLittleDataError(
            "There are {questions} different questions for {groups} groups of different answers; "
            "at least {least} questions and {fewest} groups are needed. A part of them is kept "
            "back to test what was learned, and with fewer no improvement could be told from "
            "chance.",
            questions=questions,
            groups=groups,
            least=MIN_QUESTIONS,
            fewest=MIN_GROUPS,
        )


def split_by_group(
    question_group: np.ndarray,
    *,
    seed: int = 0,
    settings: SplitSettings | None = None,
    question_cluster: np.ndarray | None = None,
) -> np.ndarray:
    """Split questions so that nothing leaks from training to test.

    Whole groups are held out for the regime "unseen answers". In the other groups about a quarter
    of the questions, at least one of three, become the regime "known answers, new wording"; nearly
    the same questions move together, and each such group keeps at least one training question.

    Parameters
    ----------
    question_group : int array [n_q]
    question_cluster : int array [n_q], optional
        Near-duplicate questions; default: none are.

    Returns
    -------
    str array [n_q] of ``SPLITS``

    Raises
    ------
    TooLittleDataError
        See :func:`check_enough`.
    """
    settings = settings or SplitSettings()
    n_q = len(question_group)
    groups = np.unique(question_group)
    check_enough(n_q, len(groups))
    rng = np.random.default_rng(seed)
    cluster = np.arange(n_q) if question_cluster is None else question_cluster
    split = np.full(n_q, TRAIN, dtype=f"U{_WIDEST}")

    members = _members(question_group)
    order = rng.permutation(len(members))
    held: set[int] = set()
    for name, share in (
        (TEST_UNSEEN, settings.test_unseen),
        (VALIDATION_UNSEEN, settings.validation_unseen),
    ):
        for at in _hold_out([i for i in order if i not in held], members, share):
            held.add(at)
            split[members[at]] = name
    known = [members[i] for i in range(len(members)) if i not in held]

    units = [_units(rows, cluster, rng) for rows in known]
    spare: list[list[np.ndarray]] = []
    for group in units:
        total = sum(map(len, group))
        quota = settings.test_known * total
        wanted = int(quota) + int(rng.random() < quota % 1)
        if len(group) >= 3:
            wanted = max(1, wanted)
        rest: list[np.ndarray] = []
        taken = 0
        # in random order: smallest clusters first would favour odd wordings
        for at, unit in enumerate(group):
            last = not rest and at == len(group) - 1
            if taken < wanted and not last and taken + len(unit) <= max(wanted, 1):
                split[unit] = TEST_KNOWN
                taken += len(unit)
            else:
                rest.append(unit)
        spare.append(rest)

    wanted = round(settings.validation_known * sum(len(rows) for rows in known))
    for keep in (2, 1):  # groups that stay with two training wordings give first
        for at in rng.permutation(len(spare)):
            if wanted <= 0:
                break
            left = sum(map(len, spare[at]))
            unit = spare[at][-1]
            if len(spare[at]) > keep and left - len(unit) >= keep and len(unit) <= wanted:
                spare[at].pop()
                split[unit] = VALIDATION_KNOWN
                wanted -= len(unit)
    return split


def _members(label: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each label, labels ascending."""
    order = np.argsort(label, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1)


def _units(rows: np.ndarray, cluster: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    parts = [rows[part] for part in _members(cluster[rows])]
    return [parts[i] for i in rng.permutation(len(parts))]


def _hold_out(order: list[int], members: list[np.ndarray], share: float) -> list[int]:
    """Choose groups in the given order until their share is reached, by groups and questions.

    A group with so many questions that it would fill the split alone is left for training.
    """
    wanted = max(1, round(share * len(members)))
    room = 1.5 * share * sum(map(len, members))
    chosen: list[int] = []
    filled = 0
    for at in order:
        if len(chosen) == wanted:
            break
        if filled + len(members[at]) <= room or len(members[at]) <= 1:
            chosen.append(at)
            filled += len(members[at])
    # with few, large groups none may fit: the smallest one then
    return chosen or [min(order, key=lambda i: len(members[i]))]


def training_subset(dataset: QADataset, share: float, seed: int) -> Rows:
    """Return the training questions of whole answer groups, about ``share`` of all.

    Groups are drawn in one order per seed, so that a smaller share is part of every larger one:
    what a curve over shares shows is the added data, not the luck of another draw.

    Parameters
    ----------
    share : float in (0, 1]
        The first groups that reach this share of the training questions are taken.
    seed : int
        Of the order of the groups.

    Returns
    -------
    int32 array, ascending
    """
    rows = dataset.rows(TRAIN)
    names, place, sizes = np.unique(
        dataset.question_group[rows], return_inverse=True, return_counts=True
    )
    order = np.random.default_rng([seed, len(names)]).permutation(len(names))
    reached = np.cumsum(sizes[order])
    # The small amount: 0.3 · 10 is 3 although floats say 3.0000000000000004.
    count = int(np.searchsorted(reached, share * len(rows) - 1e-9)) + 1 if len(rows) else 0
    taken = np.zeros(len(names), bool)
    taken[order[:count]] = True
    return rows[taken[place]]


def with_training(dataset: QADataset, rows: Rows) -> QADataset:
    """Return the dataset with only these training questions; all else, answers too, is the same."""
    split = dataset.split.astype("U18")
    split[np.setdiff1d(dataset.rows(TRAIN), rows)] = LEFT_OUT
    return dataclasses.replace(dataset, split=split)
