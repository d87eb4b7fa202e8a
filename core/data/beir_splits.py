"""Which split the questions of a BEIR folder belong to, and how leaks are kept out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.data.beir_files import BeirFiles
from core.data.grouping import Grouping
from core.errors import DataError
from core.types import (
    SPLITS,
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    VALIDATION_KNOWN,
    VALIDATION_UNSEEN,
)

_NAMES: Mapping[str, str] = {name: name for name in SPLITS} | {
    "validation": VALIDATION_KNOWN,
    "dev": VALIDATION_UNSEEN,
    "test": TEST_UNSEEN,
}
_SEEN = (TRAIN, VALIDATION_KNOWN)


def named_splits(files: BeirFiles) -> dict[str, str] | None:
    """Return the split of each query id, None where the folder names none.

    Raises
    ------
    DataError
        If a split has an unknown name, or ``splits.json`` puts a query into two.
    """
    if files.splits:
        source: Mapping[str, Sequence[str]] = files.splits
    elif "" in files.qrels:
        return None
    else:
        source = {name: [query for query, _, _ in judged] for name, judged in files.qrels.items()}
    unknown = sorted(set(source) - set(_NAMES))
    if unknown:
        raise DataError(
            "The split {unknown} is not known. Known are: {known}.",
            unknown=", ".join(unknown),
            known=", ".join(_NAMES),
        )
    result: dict[str, str] = {}
    for name in sorted(source, key=lambda name: SPLITS.index(_NAMES[name])):
        for query in source[name]:
            if files.splits and query in result:
                raise DataError(
                    "The query {query} is in two splits of splits.json ({first} and {second}).",
                    query=query,
                    first=result[query],
                    second=_NAMES[name],
                )
            result[query] = _NAMES[name]  # judged in several qrels: the test has it
    return result


def given_groups(
    files: BeirFiles, queries: list[str], documents: list[str], grouping: Grouping
) -> tuple[np.ndarray, np.ndarray]:
    """Return question and answer groups as the files name them.

    Texts without a name keep the group that was found. Without ``splits.json``, named groups
    that near-duplicates connect are joined.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    found = np.concatenate([grouping.question_group, grouping.answer_group])
    given = [files.query_group.get(key) for key in queries]
    given += [files.corpus_group.get(key) for key in documents]
    number: dict[str, int] = {}
    for group in given:
        if group is not None:
            number.setdefault(group, len(number))
    if files.splits:
        spare = len(number)
        label = [
            number[group] if group is not None else spare + int(other)
            for group, other in zip(given, found, strict=True)
        ]
        result = np.array(label, np.int64)
    else:
        first = [number[group] for group in given if group is not None]
        second = [
            len(number) + int(other)
            for group, other in zip(given, found, strict=True)
            if group is not None
        ]
        size = len(number) + int(found.max()) + 1
        graph = coo_array((np.ones(len(first)), (first, second)), shape=(size, size))
        _, component = connected_components(graph.tocsr(), directed=False)
        result = component[len(number) + found]
    _, result = np.unique(result, return_inverse=True)
    return result[: len(queries)].astype(np.int32), result[len(queries) :].astype(np.int32)


def without_leaks(split: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Make declared splits honest: no training question of a group that is tested as unseen.

    Such training questions are left out. Where that would cost more than half of them, the test
    was never one of unseen answers: then its questions from trained groups are named "known".

    Returns
    -------
    split : str array [n_q]
    kept : bool array [n_q]
    """
    split = split.copy()
    learned = np.isin(split, _SEEN)
    held = np.isin(split, (TEST_UNSEEN, VALIDATION_UNSEEN))
    leaking = learned & np.isin(group, group[held])
    if leaking.sum() <= learned.sum() / 2:
        return split, ~leaking
    shared = held & np.isin(group, group[learned])
    split[shared & (split == TEST_UNSEEN)] = TEST_KNOWN
    split[shared & (split == VALIDATION_UNSEEN)] = VALIDATION_KNOWN
    return split, np.ones(len(split), bool)


def with_validation(split: np.ndarray, group: np.ndarray, seed: int, share: float) -> np.ndarray:
    """Move a share of the training groups to validation where there is none."""
    split = split.copy()
    if np.isin(split, (VALIDATION_KNOWN, VALIDATION_UNSEEN)).any():
        return split
    free = np.setdiff1d(group[split == TRAIN], group[split != TRAIN])
    if len(free) >= 2:
        rng = np.random.default_rng(seed)
        chosen = rng.choice(free, max(1, round(share * len(free))), replace=False)
        split[(split == TRAIN) & np.isin(group, chosen)] = VALIDATION_UNSEEN
    return split
