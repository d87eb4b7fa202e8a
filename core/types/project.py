"""What a project has chosen: its panel of experts, added files and sets, the report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChosenPanel:
    """Which of the scored experts take part on the Labels page."""

    dataset_id: str | None
    experts: tuple[str, ...]


@dataclass(frozen=True)
class ReportMade:
    """The newest report: its comparison, its language, its file name."""

    run_id: str
    language: str = ""
    file: str = ""


@dataclass(frozen=True)
class RunFile:
    """An uploaded run file of a project.

    Attributes
    ----------
    key : str
        Content hash; the file is ``<workspace>/run_files/<key>.run``.
    title : str
        What the user calls the search.
    empty_is_nothing : bool
        Whether a question without a line means that the search found nothing; else the system is
        left out where one is missing.
    order : str
        What counts where ranks contradict scores: ``rank`` or ``score``; "" = they agree.
    system : str
        Which of several systems in the file; "" = the only one.
    """

    key: str
    title: str
    filename: str
    empty_is_nothing: bool
    at: str
    who: str
    order: str = ""
    system: str = ""


@dataclass(frozen=True)
class GeneralitySet:
    """A set that the next comparisons measure too.

    Attributes
    ----------
    kind : str
        ``beir`` (added by the user, kept in the workspace) or ``mteb`` (fetched when measured).
    dataset_id : str
        "" for ``mteb``.
    questions, documents : int
        0 where not known yet.
    """

    kind: str
    name: str
    dataset_id: str = ""
    questions: int = 0
    documents: int = 0


@dataclass(frozen=True)
class Promotion:
    """Which model a project decided to use.

    Attributes
    ----------
    run, comparison_id : str
        The tuning run, and the comparison that was looked at.
    overruled : tuple of str
        English reasons of the guard that were overruled; empty where it had none.
    reason : str
        Why it was overruled, in the person's words.
    who, at : str
    """

    run: str
    comparison_id: str
    overruled: tuple[str, ...]
    reason: str
    who: str
    at: str


@dataclass(frozen=True)
class PilotGoal:
    """What a pilot is to reach, in the words of who agreed on it."""

    text: str
    who: str
    at: str
