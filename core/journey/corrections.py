"""Corrections by hand while they are made: undo, redo, and two people on one pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.errors import LabelError
from core.journey.labels import override_pair, overrides
from core.types import Override
from core.workspace.workspace import Project


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
            if steps.undone and _same(steps.undone[-1], change):
                steps.undone.pop()
            else:
                steps.undone.clear()
            steps.done.append(change)
            continue
        own = [place for place, one in enumerate(steps.done) if _pair(one) == _pair(change)]
        if own:
            steps.undone.append(steps.done.pop(own[-1]))
    return steps


def _pair(override: Override) -> tuple[str, str]:
    return override.question, override.answer


def _same(one: Override, other: Override) -> bool:
    return (_pair(one), one.value, one.reason) == (_pair(other), other.value, other.reason)


def undo(project: Project, who: str) -> Override | None:
    """Withdraw this person's newest change; returns it, None where there is none."""
    done = steps_of(overrides(project), who).done
    if not done:
        return None
    override_pair(project, *_pair(done[-1]), None, who, "")
    return done[-1]


def redo(project: Project, who: str) -> Override | None:
    """Make the change again that this person undid last; returns it, None where there is none."""
    undone = steps_of(overrides(project), who).undone
    if not undone:
        return None
    last = undone[-1]
    override_pair(project, *_pair(last), last.value, who, last.reason)
    return last


def correct(
    project: Project,
    pair: tuple[str, str],
    value: float,
    who: str,
    reason: str,
    seen: Sequence[Override],
) -> None:
    """Set the label of a pair, unless others contradicted each other about it meanwhile.

    A value set on a pair in conflict decides the conflict, so nobody may do that unaware.

    Parameters
    ----------
    pair : (question, answer)
    value : float in [0, 1]
    seen : sequence of Override
        The values by hand that were on the screen when the person decided.

    Raises
    ------
    LabelError
        If the pair came into conflict since, the value is outside [0, 1], or the reason is missing.
    """
    from core.labels.overrides import conflicts

    now_held = conflicts(overrides(project)).get(pair, ())
    if set(now_held) - set(seen):
        newest = now_held[-1]
        raise LabelError(
            "{who} set this pair to {value} a moment ago, and another value stands beside it. Look "
            "at both, then decide.",
            who=newest.who,
            value=round((newest.value or 0) * 100),
        )
    override_pair(project, *pair, value, who, reason)
