"""What people say about single pairs: which word is in force, who contradicts whom, the lookup.

Overrides are only ever added. What holds now is replayed from the list, in the order of time:

- a value takes the place of the same person's earlier value; values of others stay beside it;
- a withdrawal (value None) takes back the latest change of the person who withdraws; somebody who
  changed nothing on the pair withdraws everybody's;
- of several values the newest is in force. Where two people's values differ the pair is in
  conflict, and the next value that anybody sets decides it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from core.errors import LabelError
from core.types import Override, QADataset

Pair: TypeAlias = tuple[str, str]


def standing(overrides: Iterable[Override]) -> dict[Pair, tuple[Override, ...]]:
    """Return the values that hold for each pair (question, answer), the one in force last.

    Pairs on which everything was withdrawn are left out; pairs changed last come last.
    """
    changes: dict[Pair, list[Override]] = {}
    for override in sorted(overrides, key=lambda change: change.at):
        earlier = changes.pop(override.pair, [])
        if override.value is not None:
            earlier.append(override)
        else:
            own = [place for place, change in enumerate(earlier) if change.who == override.who]
            earlier = earlier[: own[-1]] + earlier[own[-1] + 1 :] if own else []
        if earlier:
            changes[override.pair] = earlier
    return {pair: _undecided(held) for pair, held in changes.items()}


def in_force(overrides: Iterable[Override]) -> list[Override]:
    """Return the one override that holds for each pair, pairs changed last coming last."""
    return [values[-1] for values in standing(overrides).values()]


def conflicts(overrides: Iterable[Override]) -> dict[Pair, tuple[Override, ...]]:
    """Return the pairs on which people contradict each other, with their values, newest last."""
    return {pair: held for pair, held in standing(overrides).items() if _differ(held)}


def _differ(held: Iterable[Override]) -> bool:
    return len({override.value for override in held}) > 1


def _undecided(changes: Iterable[Override]) -> tuple[Override, ...]:
    """Replay the changes of one pair: a value set while others differ decides."""
    held: dict[str, Override] = {}
    for change in changes:
        if _differ(held.values()):
            held = {}
        held.pop(change.who, None)
        held[change.who] = change
    return tuple(held.values())


@dataclass(frozen=True, eq=False)
class OverrideTable:
    """The overrides in force on one dataset.

    Attributes
    ----------
    keys : int64 array [m], ascending
        As ``QADataset.pair_keys`` numbers the pairs.
    values : float32 array [m] in [0, 1]
    n_answers : int
    """

    keys: np.ndarray
    values: np.ndarray
    n_answers: int

    @classmethod
    def of(cls, dataset: QADataset, overrides: Iterable[Override]) -> OverrideTable:
        """Take the override in force of each pair; pairs that the dataset lacks are left out.

        Raises
        ------
        LabelError
            If a value lies outside 0 to 1.
        """
        latest: dict[int, float] = {}
        for override in in_force(overrides):
            assert override.value is not None  # withdrawn ones are not in force
            if not 0 <= override.value <= 1:
                raise LabelError(
                    "A label of {value} was set by hand; labels lie between 0 and 1.",
                    value=override.value,
                )
            key = dataset.pair_key(*override.pair)
            if key is not None:
                latest[key] = override.value
        keys = sorted(latest)
        values = np.array([latest[key] for key in keys], np.float32)
        return cls(np.array(keys, np.int64), values, len(dataset.answers))

    def lookup(self, question_rows: np.ndarray, answer_rows: np.ndarray) -> np.ndarray:
        """Return values float32 of the broadcast shape of both row arrays; NaN = not overridden."""
        shape = np.broadcast_shapes(question_rows.shape, answer_rows.shape)
        if not len(self.keys):
            return np.full(shape, np.nan, np.float32)
        wanted = question_rows.astype(np.int64) * self.n_answers + answer_rows
        place = np.searchsorted(self.keys, wanted).clip(max=len(self.keys) - 1)
        return np.where(self.keys[place] == wanted, self.values[place], np.float32(np.nan))


@dataclass
class Steps:
    """One person's changes as an editor keeps them, replayed from the records.

    Attributes
    ----------
    done : list of Override
        Changes that can be undone, newest last.
    undone : list of Override
        Changes that can be done again, the one undone last at the end; a new change empties it.
    """

    done: list[Override] = field(default_factory=list)
    undone: list[Override] = field(default_factory=list)


def steps_of(changes: Sequence[Override], who: str) -> Steps:
    """Replay the records and return what this person can undo and redo.

    Parameters
    ----------
    changes : sequence of Override
        All records of the project, oldest first.
    """
    steps = Steps()
    for change in changes:
        if change.who != who:
            continue
        if change.value is not None:
            anew = replace(steps.undone[-1], who=who, at=change.at) if steps.undone else None
            if anew == change:
                steps.undone.pop()
            else:
                steps.undone.clear()
            steps.done.append(change)
            continue
        own = [at for at, done in enumerate(steps.done) if done.pair == change.pair]
        if own:
            steps.undone.append(steps.done.pop(own[-1]))
    return steps
