"""All projects of a workspace side by side, and what worked where."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from core.errors import AppError
from core.evaluation.statistics import RandomEffects
from core.evaluation.verdict import promotion_allowed
from core.jobs.folder import RunFolder
from core.journey.compare import load_comparison
from core.journey.compare_systems import tune_request
from core.journey.jobs import COMPARE
from core.journey.pilot.versions import figures_of, promotion
from core.journey.projects import Project, Workspace, finished_runs
from core.pilot.likeness import TRAITS as TRAITS, DataSeen as DataSeen, LikeThis
from core.pilot.what_worked import (
    BLEND as BLEND,
    EXPERT as EXPERT,
    FEWEST as FEWEST,
    KINDS as KINDS,
    RULE as RULE,
    BenchmarkGains as BenchmarkGains,
    FollowingDefault as FollowingDefault,
    ProjectGain,
    Worked as Worked,
    benchmark_gains as benchmark_gains,
    following_default,
    like,
    overall as overall,
    weighed,
    what_worked as what_worked,
)
from core.types import BETTER, NOT_SHOWN, WORSE, Comparison
from core.types.comparison import Generality
from core.types.model_registry import VerdictFigure
from core.types.pilot_events import THUMB_DOWN, THUMB_UP
from core.types.recipes import LabelStart
from core.types.rights import CHANGE
from core.workspace.workspace import asks


@dataclass(frozen=True)
class ProjectRow:
    """One project of the portfolio.

    Attributes
    ----------
    id, name : str
    figures : tuple of VerdictFigure
        Of the newest comparison of the present data; empty before the first, or where it is
        damaged.
    generality : Generality or None
    refused : bool
        Whether something speaks against using the model.
    in_use : bool
        Whether a tuned model is in use.
    thumbs_up, thumbs_down : int
        On its search pages, as far as they are still kept.
    gain : ProjectGain or None
        None without a verdict.
    unlike : float or None
        Share of the questions that the newest look at its pilot found unlike anything learned;
        None before a look, or where it could not tell.
    reasons : int
        Criteria for training anew that held then.
    """

    id: str
    name: str
    figures: tuple[VerdictFigure, ...] = ()
    generality: Generality | None = None
    refused: bool = False
    in_use: bool = False
    thumbs_up: int = 0
    thumbs_down: int = 0
    gain: ProjectGain | None = None
    unlike: float | None = None
    reasons: int = 0

    @property
    def satisfaction(self) -> float | None:
        """Share of thumbs that point up, None without any."""
        given = self.thumbs_up + self.thumbs_down
        return self.thumbs_up / given if given else None


def portfolio(workspace: Workspace) -> tuple[ProjectRow, ...]:
    """Return the projects that the person may see, newest first; none stops the others."""
    return tuple(_row(project) for project in workspace.projects())


def gains_of(rows: Sequence[ProjectRow]) -> tuple[ProjectGain, ...]:
    """Return the gains of the projects that have a verdict."""
    return tuple(row.gain for row in rows if row.gain is not None)


@dataclass(frozen=True)
class OverProjects:
    """What projects like one say together with the benchmark that ships with the app.

    Attributes
    ----------
    like : LikeThis
        Their gains, and in what they are alike.
    summary : RandomEffects or None
        None while they are too few.
    worked : tuple of Worked
    follows : FollowingDefault or None
        What one more such project may begin with.
    """

    like: LikeThis[ProjectGain]
    summary: RandomEffects | None
    worked: tuple[Worked, ...]
    follows: FollowingDefault | None

    @property
    def projects(self) -> tuple[ProjectGain, ...]:
        """Those of the workspace."""
        return tuple(gain for gain in self.like.found if not gain.benchmark)

    @property
    def sets(self) -> tuple[ProjectGain, ...]:
        """Those of the benchmark, one for each set."""
        return tuple(gain for gain in weighed(self.like.found) if gain.benchmark)


def over_projects(gains: Sequence[ProjectGain], seen: DataSeen) -> OverProjects:
    """Return what worked in projects and benchmark sets whose data are like those seen.

    Parameters
    ----------
    gains : sequence of ProjectGain
        Of the workspace's projects.
    seen : DataSeen
        Of the project that it is for; nothing known = all count.
    """
    found = like(seen, (*gains, *benchmark_gains().gains))
    worked = what_worked(found.found)
    return OverProjects(found, overall(found.found), worked, following_default(found.found))


def default_that_follows(workspace: Workspace) -> FollowingDefault | None:
    """Return what a new project may begin with, None where nothing shows it.

    Nothing is known of its data yet, so every project and set counts.
    """
    judged = (_judged(project) for project in workspace.projects())
    gains = [gain for found in judged if found and (gain := found[1]) is not None]
    return over_projects(gains, DataSeen()).follows


def data_seen(project: Project) -> DataSeen:
    """Return what is seen of a project's data; nothing where there are none or they are damaged."""
    from core.data.checks import guess_language
    from core.journey.experts import scoring_report

    try:
        dataset = project.load_dataset()
    except AppError:  # the page Data says so
        return DataSeen()
    lead = None
    with suppress(AppError):  # the page Experts says so
        report = scoring_report(project)
        if report is not None and report.teacher is not None and report.teacher.lead is not None:
            lead = report.teacher.lead.value
    judged = dataset.judged_rows
    if not len(judged):
        return DataSeen(guess_language(dataset.questions), lead=lead)
    return DataSeen(
        guess_language(dataset.questions),
        len(dataset.held_out_rows),
        len(judged) / len(np.unique(dataset.question_group[judged])),
        len(dataset.right_question) / len(judged),
        lead,
    )


@asks(CHANGE)
def begin_with(project: Project, start: FollowingDefault, who: str) -> None:
    """Let the first labels of a project be those that went with gains in other projects."""
    project.state.label_start = LabelStart(start.rule, start.blend)
    detail = {"rule": start.rule, "blend": start.blend, "projects": start.projects}
    project.note("labels as elsewhere", who, detail)


def _row(project: Project) -> ProjectRow:
    up, down = _thumbs(project)
    unlike, reasons = _newest_look(project)
    row = ProjectRow(
        project.id,
        project.name,
        in_use=_in_use(project),
        thumbs_up=up,
        thumbs_down=down,
        unlike=unlike,
        reasons=reasons,
    )
    found = _judged(project)
    if found is None:
        return row
    comparison, gain = found
    return replace(
        row,
        figures=figures_of(comparison),
        generality=next(iter(comparison.generality), None),
        refused=not promotion_allowed(comparison)[0],
        gain=gain,
    )


def _judged(project: Project) -> tuple[Comparison, ProjectGain | None] | None:
    """Return the newest comparison and what was gained; None before one, or where it is damaged."""
    judged = finished_runs(project, COMPARE)
    if not judged:
        return None
    try:
        comparison = load_comparison(project.workspace, judged[0].id)
        told = tune_request(RunFolder(project.workspace.run_folder(comparison.run_id)))
    except AppError:  # the page Compare says so
        return None
    figures = figures_of(comparison)
    if not figures:
        return comparison, None
    words = {figure.word for figure in figures}
    word = WORSE if WORSE in words else BETTER if BETTER in words else NOT_SHOWN
    value = sum(one.difference for one in figures) / len(figures)
    reach = sum(((one.high - one.low) / 2) ** 2 for one in figures) ** 0.5 / len(figures)
    made = (told.recipe.experts, told.recipe.rule, told.recipe.blend)
    ends = (value, value - reach, value + reach, word)
    return comparison, ProjectGain(project.id, *ends, *made, data_seen(project))


def _newest_look(project: Project) -> tuple[float | None, int]:
    """Return what the newest look found: the share unlike anything learned, and the reasons."""
    # It loads what computes; Home loads this table only where somebody opens it.
    from core.journey.pilot.watching import newest_look

    try:
        look = newest_look(project)
    except AppError:  # damaged: the page Pilot says so
        return None, 0
    if look is None:
        return None, 0
    return look.drift.unlike.share.value if look.drift else None, len(look.fired)


def _thumbs(project: Project) -> tuple[int, int]:
    records = project.workspace.records
    counts = records.event_counts([plan.id for plan in records.plans(project.id)])
    return counts[THUMB_UP], counts[THUMB_DOWN]


def _in_use(project: Project) -> bool:
    try:
        return promotion(project) is not None
    except AppError:
        return False
