"""Train, validation and test without leaks, in both regimes of METHOD §6.

One split, folds in which every question is tested once (METHOD §8), and less training data.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.errors import DataError, TooLittleDataError
from core.messages import N_, Message
from core.types import (
    OPEN,
    SPLITS,
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    VALIDATION_KNOWN,
    VALIDATION_UNSEEN,
    WRITTEN,
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
_NO_KNOWN = N_(
    "Hardly any answer has a second question, so search is tested on unseen answers only: those "
    "that nobody asked for in training. That is enough for a verdict; answers with two or more "
    "differently worded questions would be tested as known ones as well."
)
_FEW_KNOWN = N_(
    "The test “known answers, new wording” has only {questions} questions from {groups} groups of "
    "answers; from {least} questions and {fewest} groups on, its result means something."
)
_FEW_UNSEEN = N_(
    "The test “unseen answers” has only {questions} questions from {groups} groups of answers; "
    "from {least} questions and {fewest} groups on, its result means something."
)
FOLDS = 5
FOLDS_OF_FEW, FEW_QUESTIONS = (
    10,
    60,
)  # few questions: more folds, more to learn from
# Unseen validation questions of a fold: fewer choose a checkpoint by luck, more leave too little to
# learn from.
FOLD_VALIDATION, MOST_VALIDATION = 12, 0.25
LEFT_OUT = "left_out"  # a split of its own: neither learned from nor measured on
SPLIT_TITLES: Mapping[str, str] = {
    TRAIN: N_("training"),
    VALIDATION_KNOWN: N_("validation (known)"),
    VALIDATION_UNSEEN: N_("validation (unseen)"),
    TEST_KNOWN: N_("test (known)"),
    TEST_UNSEEN: N_("test (unseen)"),
    WRITTEN: N_("training, written from an answer"),
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
            found.append(Message(_NO_KNOWN))
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
    _give_to_validation(split, spare, wanted, rng)
    return split


def _give_to_validation(
    split: np.ndarray, spare: list[list[np.ndarray]], wanted: int, rng: np.random.Generator
) -> None:
    """Make ``wanted`` training questions validation ones, a unit of a group at a time."""
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


# Folds: every question is a test question once in each regime.


def fold_count(dataset: QADataset) -> int:
    """Return into how many folds the data are divided: METHOD §8.

    Raises
    ------
    TooLittleDataError
        If there are fewer than ``MIN_GROUPS`` groups of answers.
    """
    rows = dataset.judged_rows
    groups = len(np.unique(dataset.question_group[rows]))
    if groups < MIN_GROUPS:
        raise TooLittleDataError(
            "There are {groups} groups of different answers; cross-fitting needs at least {least}: "
            "each fold keeps some of them back whole.",
            groups=groups,
            least=MIN_GROUPS,
        )
    folds = FOLDS_OF_FEW if len(rows) < FEW_QUESTIONS else FOLDS
    return min(folds, groups // 2)


def cross_fit_folds(
    dataset: QADataset, question_cluster: np.ndarray, *, seed: int = 0, folds: int | None = None
) -> tuple[QADataset, ...]:
    """Return the dataset once per fold, each with a split of its own; the texts are the same.

    One set of tunings serves both regimes. Each fold keeps some groups of answers back whole
    ("unseen answers") and, of the groups that it learns, some questions ("known answers, new
    wording"), so that over all folds every question with an answer is tested once as unseen and,
    where its group has another wording, once as known. What is left has a validation part of its
    own. It learns from about as much as one split does: with several wordings from
    (1 − 1/K)·(1 − 1/(K − 1)) of the questions, with one wording from 1 − 1/K of them.

    Parameters
    ----------
    question_cluster : int array [n_q]
        Nearly the same questions, open ones included: they stand on one side of every fold, and
        open questions nearly the same as a test question are left out of its fold. So are written
        ones, and those of answers that the fold holds out whole.
    folds : int or None
        None takes :func:`fold_count`.

    Raises
    ------
    TooLittleDataError
        See :func:`fold_count`.
    """
    count = fold_count(dataset) if folds is None else folds
    rng, rows = np.random.default_rng([seed, count]), dataset.judged_rows
    # Whole units are held out: answer groups, joined where nearly the same questions link them.
    members = [rows[part] for part in _members(_linked(dataset, question_cluster)[rows])]
    home = _balanced(np.array([len(part) for part in members]), count, rng)
    checking = _validation_homes(home, members, count, rng)
    known: list[list[np.ndarray]] = [[] for _ in range(count)]
    load = np.zeros(count, np.int64)  # questions tested as known, to keep the folds alike
    for number, part in enumerate(members):
        others = [fold for fold in rng.permutation(count) if fold not in checking[number]]
        others = sorted((fold for fold in others if fold != home[number]), key=load.__getitem__)
        units = _units(part, question_cluster, rng)
        taken: dict[int, list[np.ndarray]] = {}
        for place, unit in enumerate(units if len(units) > 1 else ()):
            fold = others[place % len(others)]
            away = [*taken.get(fold, []), unit]
            if _still_known(dataset, part, np.concatenate(away)):
                taken[fold] = away
        for fold, away in taken.items():
            known[fold] += away
            load[fold] += sum(map(len, away))
    folds_made = []
    for fold in range(count):
        split = dataset.split.astype(f"U{_WIDEST}")
        split[rows] = TRAIN
        for part, at, validating in zip(members, home, checking, strict=True):
            if at == fold or fold in validating:
                split[part] = TEST_UNSEEN if at == fold else VALIDATION_UNSEEN
        for unit in known[fold]:
            split[unit] = TEST_KNOWN
        rest = [part[split[part] == TRAIN] for part in members]
        spare = [_units(part, question_cluster, rng) for part in rest if len(part)]
        wanted = round(SplitSettings().validation_known * sum(map(len, rest)))
        _give_to_validation(split, spare, wanted, rng)
        tested = np.isin(split, (TEST_UNSEEN, TEST_KNOWN))
        near = np.isin(question_cluster, question_cluster[tested])
        split[np.isin(split, (OPEN, WRITTEN)) & near] = LEFT_OUT
        unseen = np.setdiff1d(dataset.question_group[rows], dataset.question_group[split == TRAIN])
        split[(split == WRITTEN) & np.isin(dataset.question_group, unseen)] = LEFT_OUT
        folds_made.append(dataclasses.replace(dataset, split=split))
    return tuple(folds_made)


def _validation_homes(
    home: np.ndarray, members: list[np.ndarray], folds: int, rng: np.random.Generator
) -> list[set[int]]:
    """Return of each unit in which folds it is held out whole for validation, evenly spread."""
    checking: list[set[int]] = [set() for _ in members]
    for fold in range(folds):
        learned = [at for at in range(len(members)) if home[at] != fold]
        questions = sum(len(members[at]) for at in learned)
        share = min(FOLD_VALIDATION / max(questions, 1), MOST_VALIDATION)
        share = max(SplitSettings().validation_unseen, share)
        order = sorted(rng.permutation(len(learned)), key=lambda at: len(checking[learned[at]]))
        for at in _hold_out([int(x) for x in order], [members[i] for i in learned], share):
            checking[learned[at]].add(fold)
    return checking


def _still_known(dataset: QADataset, part: np.ndarray, away: np.ndarray) -> bool:
    """Return True if each group of the questions ``away`` keeps another question to learn from."""
    groups = dataset.question_group
    return bool(np.isin(groups[away], groups[np.setdiff1d(part, away)]).all())


def _linked(dataset: QADataset, cluster: np.ndarray) -> np.ndarray:
    """Return answer groups joined where nearly the same questions link them, int [n_q]."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = dataset.judged_rows
    groups, clusters = dataset.question_group[rows], cluster[rows]
    size = int(max(groups.max(), clusters.max())) + 1
    links = coo_array((np.ones(len(rows), np.int8), (groups, clusters + size)), (2 * size,) * 2)
    label = connected_components(links.tocsr(), directed=False)[1]
    found = np.full(len(dataset.questions), -1)
    found[rows] = label[groups]
    return found


def _balanced(sizes: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Return the fold of each unit: the largest first, each to the emptiest fold; int [n]."""
    home, load = np.zeros(len(sizes), np.int64), rng.random(folds)  # ties are broken by chance
    order = rng.permutation(len(sizes))
    for at in order[np.argsort(-sizes[order], kind="stable")]:
        home[at] = int(np.argmin(load))
        load[home[at]] += sizes[at]
    return home


def everything(dataset: QADataset) -> QADataset:
    """Return the dataset with every question that has an answer as a training question."""
    split = dataset.split.astype(f"U{_WIDEST}")
    split[dataset.judged_rows] = TRAIN
    return dataclasses.replace(dataset, split=split)


def check_fold(fold: QADataset, question_cluster: np.ndarray) -> None:
    """Raise where a test question of a fold has leaked into what the fold learns from.

    Raises
    ------
    DataError
        If a nearly identical question, or in the regime "unseen answers" any question of the same
        group of answers, is among its training, validation or open questions; or if a group that
        is tested as known has no training question.
    """
    seen, tested = fold.seen_rows, fold.held_out_rows
    used = np.concatenate([seen, fold.open_rows, fold.written_rows])
    leaks = [tested[np.isin(question_cluster[tested], question_cluster[used])]]
    unseen = fold.rows(TEST_UNSEEN)
    learned = np.concatenate([seen, fold.written_rows])
    leaks.append(unseen[np.isin(fold.question_group[unseen], fold.question_group[learned])])
    leaked = np.unique(np.concatenate(leaks))
    if len(leaked):
        raise DataError(
            "{count} test questions of a fold leak into what it learns from, for example "
            "“{example}”: a nearly identical question, or one with the same answer, is among its "
            "training questions. Its verdict would be too good.",
            count=len(leaked),
            example=fold.questions[leaked[0]][:80],
        )
    known = fold.rows(TEST_KNOWN)
    trained = fold.question_group[fold.rows(TRAIN)]
    strange = known[~np.isin(fold.question_group[known], trained)]
    if len(strange):
        raise DataError(
            "{count} test questions of a fold count as known answers but none of their answers was "
            "trained, for example “{example}”.",
            count=len(strange),
            example=fold.questions[strange[0]][:80],
        )


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
    # What was written from the answers of a question goes with it: it is no data of its own.
    away = np.setdiff1d(dataset.question_group[dataset.rows(TRAIN)], dataset.question_group[rows])
    split[(split == WRITTEN) & np.isin(dataset.question_group, away)] = LEFT_OUT
    return dataclasses.replace(dataset, split=split)
