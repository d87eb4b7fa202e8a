"""The models of a project as numbered versions: where each came from, and who decided what when."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.types.pilot_events import PilotArm

TAKEN_OFF = "taken off"  # what a challenger is no more; the other decisions are the two aliases


@dataclass(frozen=True)
class VerdictFigure:
    """What a comparison said of a model in one regime, by the main metric.

    Attributes
    ----------
    regime : str
        ``known`` or ``unseen``.
    before, after : float
        Mean nDCG@10 of what it was compared with, and of the model.
    difference, low, high : float
        With its 95% interval.
    word : str
        ``better``, ``worse`` or ``not shown``.
    questions : int
    """

    regime: str
    before: float
    after: float
    difference: float
    low: float
    high: float
    word: str
    questions: int


@dataclass(frozen=True)
class Lineage:
    """Where a version came from; by value, so that it is told when its run is gone.

    Attributes
    ----------
    dataset_id : str
        Content id of the data that it learned from; "" of a model as it came.
    recipe, label_id : str
        Name of the label recipe, and content id of the labels.
    from_version : int
        The version whose weights it went on from; 0 = it began with the base model.
    comparison : str
        Run id of the newest comparison with the base model; "" where there was none.
    verdict : tuple of VerdictFigure
        What that comparison said.
    code : str
        Content id of the program that took the version in.
    """

    dataset_id: str = ""
    recipe: str = ""
    label_id: str = ""
    from_version: int = 0
    comparison: str = ""
    verdict: tuple[VerdictFigure, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class ModelVersion:
    """A model that was taken in; never changed afterwards.

    Attributes
    ----------
    version : int >= 1
        Its number in the project.
    arm : PilotArm
        The run whose model it is, or a model as it came.
    who, at : str
        Who took it in, and when.
    """

    version: int
    arm: PilotArm
    lineage: Lineage
    who: str
    at: str


@dataclass(frozen=True)
class ModelDecision:
    """Somebody gave a version an alias, or took it off.

    Attributes
    ----------
    version : int
    what : str
        ``champion``, ``challenger``, or :data:`TAKEN_OFF`: the version is challenger no more.
    who, at : str
    reason : str
        In the person's words; "" where none was asked for.
    comparison : str
        Run id of the comparison that was looked at, "" without one.
    overruled : tuple of str
        English reasons of the guard that were overruled; empty where it had none.
    """

    version: int
    what: str
    who: str
    at: str
    reason: str = ""
    comparison: str = ""
    overruled: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class ChallengeRequest:
    """What a comparison of challenger and champion is told.

    Attributes
    ----------
    dataset_id : str
        Whose held-out questions are asked.
    champion, challenger : PilotArm
    """

    dataset_id: str
    champion: PilotArm
    challenger: PilotArm


@dataclass(frozen=True)
class ChallengeQuestions:
    """Which questions champion and challenger were compared on; kept beside what came of it.

    Attributes
    ----------
    new : tuple of int
        Positions of the questions that were judged since the champion learned; the others are its
        frozen test.
    left_out : int
        Held-out questions that one of the two has learned from, directly or through the model that
        it went on from.
    """

    new: tuple[int, ...] = ()
    left_out: int = 0
