"""The model registry of a project: which model is in use, which one may follow, and who said so.

One fact in one place: what searches, what is exported and what the report calls "in use" are read
from here. Rows are only ever added, so every earlier state can be told, and gone back to.

What reads comparisons is imported where it is used: the first page reads from here, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import AppError, ComparisonError, WorkspaceError
from core.evaluation.measures import MAIN_METRIC
from core.evaluation.verdict import promotion_allowed
from core.hashing import content_id
from core.jobs.folder import RunFolder
from core.journey.jobs import outcome_of, request_of
from core.messages import N_n
from core.pilot.model_tracking import address_of as address_of, write_to_mlflow
from core.pilot.registry import (
    FORMER as FORMER,
    STAGES as STAGES,
    WAITING as WAITING,
    ModelRegistry as ModelRegistry,
)
from core.types import Comparison
from core.types.model_registry import (
    TAKEN_OFF as TAKEN_OFF,
    Lineage as Lineage,
    ModelDecision as ModelDecision,
    ModelVersion as ModelVersion,
    VerdictFigure as VerdictFigure,
)
from core.types.pilot_events import CHALLENGER, CHAMPION, PilotArm
from core.types.project import Promotion
from core.types.rights import DECIDE, PUBLISH
from core.types.tuning import TuneRequest
from core.workspace.database import now
from core.workspace.feedback import LONGEST
from core.workspace.workspace import Project, asks

# What the audit trail calls it; the first three are also how earlier versions kept it.
PROMOTED, OVERRULED, WITHDRAWN = "model promoted", "refusal overruled", "model withdrawn"
WENT_BACK, CHALLENGED, UNCHALLENGED = "went back to a model", "challenger named", "challenger off"
LEAST_REASON = 10  # characters: "ok" is no reason that anybody could follow later
_CORE = Path(__file__).resolve().parents[2]


def registry(project: Project) -> ModelRegistry:
    """Return the registry as of now; decisions of earlier versions are carried over once."""
    records = project.workspace.records
    decisions = records.model_decisions(project.id)
    if not decisions and _carry_over(project):
        decisions = records.model_decisions(project.id)
    return ModelRegistry(records.model_versions(project.id), decisions)


def promotion(project: Project) -> Promotion | None:
    """Return the tuned model in use, None where there is none; nothing of the past is deleted."""
    present = registry(project)
    decided, champion = present.took_effect, present.champion
    if decided is None or champion is None or not champion.arm.run:
        return None
    return Promotion(
        run=champion.arm.run,
        comparison_id=decided.comparison,
        overruled=decided.overruled,
        reason=decided.reason,
        who=decided.who,
        at=decided.at,
    )


def arm_of_run(project: Project, run: str) -> PilotArm:
    """Return a run's model; raises WorkspaceError where its request is damaged or gone."""
    folder = RunFolder(project.workspace.run_folder(run))
    told: TuneRequest = request_of(folder)
    return PilotArm(run, told.tuning.base_model)


@asks(DECIDE)
def promote(project: Project, comparison: Comparison, who: str, *, reason: str = "") -> None:
    """Take the tuned model of a comparison into use.

    Parameters
    ----------
    reason : str
        Needed where the guard refuses: why it is overruled.

    Raises
    ------
    ComparisonError
        If the guard refuses and no reason is given.
    """
    allowed, refusals = promotion_allowed(comparison)
    reason = _reason(reason)
    if not allowed and len(reason) < LEAST_REASON:
        raise ComparisonError(
            N_n(
                "The model is refused for {count} reason. To use it all the same, "
                "say why in at least {least} characters; it is recorded with your "
                "name.",
                "The model is refused for {count} reasons. To use it all the same, "
                "say why in at least {least} characters; it is recorded with your "
                "name.",
            ),
            count=len(refusals),
            least=LEAST_REASON,
        )
    arm = arm_of_run(project, comparison.run_id)
    about = (comparison.id, tuple(str(refusal) for refusal in refusals))
    _decide(project, arm, CHAMPION, who, "" if allowed else reason, about)


@asks(DECIDE)
def withdraw(project: Project, who: str, reason: str = "") -> None:
    """Take the tuned model out of use: the one that it was tuned from, as it came, is in use."""
    champion = registry(project).champion
    if champion is not None and champion.arm.run:
        _decide(project, replace(champion.arm, run=""), CHAMPION, who, _reason(reason))


@asks(DECIDE)
def make_champion(project: Project, number: int, who: str, reason: str) -> None:
    """Take a version into use; one that was in use before is thereby gone back to.

    Search pages that are open follow. What its newest comparison says against it is recorded as
    overruled.

    Raises
    ------
    ComparisonError
        If the reason is too short, the version is in use already, or its model is gone.
    """
    version, reason = _version(project, number), _told(reason)
    present = registry(project)
    if version == present.champion:
        raise ComparisonError("Version {version} is in use already.", version=number)
    if not is_there(project, version.arm):
        raise ComparisonError(
            "The model of version {version} is not there any more: the folder of its run was "
            "deleted. Restore it from a backup, or choose another version.",
            version=number,
        )
    comparison = _looked_at(project, version.arm.run)
    refusals = () if comparison is None else promotion_allowed(comparison)[1]
    about = (comparison.id if comparison else "", tuple(str(refusal) for refusal in refusals))
    _decide(project, version.arm, CHAMPION, who, reason, about)


@asks(DECIDE)
def make_challenger(project: Project, arm: PilotArm, who: str, reason: str) -> ModelVersion:
    """Name the model that may follow the one in use; what searches does not change.

    Raises
    ------
    ComparisonError
        If the reason is too short, or the model is in use or gone.
    """
    reason = _told(reason)
    present = registry(project)
    if present.champion is not None and present.champion.arm == arm:
        raise ComparisonError("The model in use cannot challenge itself. Choose another one.")
    if not is_there(project, arm):
        raise ComparisonError("This model is not there any more. Reload the page and choose again.")
    return _decide(project, arm, CHALLENGER, who, reason)


@asks(DECIDE)
def take_off_challenger(project: Project, who: str, reason: str) -> None:
    """Let the challenger be none any more; it stays a version.

    Raises
    ------
    ComparisonError
        If the reason is too short, or there is no challenger.
    """
    reason, challenger = _told(reason), registry(project).challenger
    if challenger is None:
        raise ComparisonError("There is no challenger. Reload the page.")
    _decide(project, challenger.arm, TAKEN_OFF, who, reason)


@asks(PUBLISH)
def write_versions_to_mlflow(project: Project, address: str, who: str) -> int:
    """Write versions, aliases and lineage to an MLflow server; returns how many are new there.

    Raises
    ------
    ExportError
        If the package is missing, or the server does not answer or refuses.
    """
    new = write_to_mlflow(project.name, registry(project), address)
    # Never the address itself: it may hold a password.
    project.note("versions sent to mlflow", who, {"new": new})
    return new


def is_there(project: Project, arm: PilotArm) -> bool:
    """Return whether the files of a tuned model are there; of one as it came, its key is known."""
    if arm.run:
        return RunFolder(project.workspace.run_folder(arm.run)).model.is_dir()
    return bool(arm.model)


def figures_of(comparison: Comparison) -> tuple[VerdictFigure, ...]:
    """Return what a comparison says by the main metric, per regime."""
    return tuple(
        VerdictFigure(d.regime, d.before, d.after, d.difference, d.low, d.high, d.word, d.questions)
        for d in comparison.differences
        if d.metric == MAIN_METRIC and d.regime
    )


def verdict_of(project: Project, version: ModelVersion) -> tuple[VerdictFigure, ...]:
    """Return what the newest comparison with the base model says; what was kept where it is gone.

    A version may have been taken in before it was compared.
    """
    from core.journey.compare import load_comparison, newest_comparison

    run = newest_comparison(project, version.arm.run) if version.arm.run else None
    if run is None or run == version.lineage.comparison:
        return version.lineage.verdict
    try:
        return figures_of(load_comparison(project.workspace, run))
    except AppError:
        return version.lineage.verdict


@cache
def code_version() -> str:
    """Return the content id of the program that runs; two checkouts of one commit have the same."""
    files = sorted(_CORE.rglob("*.py"))
    return content_id([part for file in files for part in (file.name, file.read_text("utf-8"))])


def _decide(
    project: Project,
    arm: PilotArm,
    what: str,
    who: str,
    reason: str,
    about: tuple[str, tuple[str, ...]] = ("", ()),
) -> ModelVersion:
    """Record a decision with its version and its line in the audit trail, all or nothing."""
    records, (comparison, overruled) = project.workspace.records, about
    with records.alone():
        before = registry(project)
        if arm.run:  # what it can be taken back to comes first
            _take_in(project, replace(arm, run=""), who, now())
        version = _take_in(project, arm, who, now())
        decision = ModelDecision(version.version, what, who, now(), reason, comparison, overruled)
        records.add_decision(project.id, decision)
        detail = {
            "version": version.version,
            "run": arm.run,
            "comparison": comparison,
            "overruled": list(overruled),
            "reason": reason,
        }
        project.note(_told_as(before, version, what, overruled=bool(overruled)), who, detail)
    return version


def _told_as(before: ModelRegistry, version: ModelVersion, what: str, *, overruled: bool) -> str:
    if what != CHAMPION:
        return CHALLENGED if what == CHALLENGER else UNCHALLENGED
    if not version.arm.run:
        return WITHDRAWN
    if before.stage(version) == FORMER:
        return WENT_BACK
    return OVERRULED if overruled else PROMOTED


def _take_in(project: Project, arm: PilotArm, who: str, at: str) -> ModelVersion:
    """Return the version of a model, taken in now where it was not before."""
    take = project.workspace.records.take_in_version
    return take(project.id, arm, lambda: _lineage(project, arm), who, at)


def _lineage(project: Project, arm: PilotArm) -> Lineage:
    """Return where a model came from, as far as its run tells."""
    from core.journey.compare import load_comparison, newest_comparison

    if not arm.run:
        return Lineage(code=code_version())
    folder = RunFolder(project.workspace.run_folder(arm.run))
    found = Lineage(code=code_version())
    try:
        told: TuneRequest = request_of(folder)
        found = replace(found, dataset_id=told.dataset_id, recipe=told.recipe_name)
        found = replace(found, from_version=_went_on_from(project, told.start_run))
        found = replace(found, label_id=outcome_of(folder).label_id)
        run = newest_comparison(project, arm.run)
        if run is not None:
            verdict = figures_of(load_comparison(project.workspace, run))
            found = replace(found, comparison=run, verdict=verdict)
    except AppError:  # damaged or gone: what could be read is kept
        pass
    return found


def _went_on_from(project: Project, run: str) -> int:
    """Return the version whose weights a run went on from, 0 where it began with the base model."""
    known = project.workspace.records.model_versions(project.id) if run else ()
    return next((one.version for one in known if one.arm.run == run), 0)


def _looked_at(project: Project, run: str) -> Comparison | None:
    """Return the newest comparison of a run, None where there is none that can be read."""
    from core.journey.compare import by_what_counts, load_comparison, newest_comparison

    found = newest_comparison(project, run) if run else None
    if found is None:
        return None
    try:
        return by_what_counts(project, load_comparison(project.workspace, found))
    except AppError:
        return None


def _version(project: Project, number: int) -> ModelVersion:
    found = registry(project).version(number)
    if found is None:
        raise ComparisonError("There is no version {version}. Reload the page.", version=number)
    return found


def _reason(text: str) -> str:
    return " ".join(text.split())[:LONGEST]


def _told(text: str) -> str:
    reason = _reason(text)
    if len(reason) < LEAST_REASON:
        raise ComparisonError(
            "Say in at least {least} characters why, so that others can follow it.",
            least=LEAST_REASON,
        )
    return reason


# Earlier versions kept the model in use in the audit trail alone.


def _carry_over(project: Project) -> bool:
    """Write the decisions that the audit trail tells into the registry; False where it has none."""
    records = project.workspace.records
    if not any(_decisions_told(project)):
        return False
    with records.alone():
        if records.model_decisions(project.id):
            return True  # another process was faster
        arm = PilotArm("", "")
        for line in _decisions_told(project):
            detail, (who, at) = line["detail"], (str(line["who"]), str(line["at"]))
            if line["what"] == WITHDRAWN:
                arm = replace(arm, run="")
            else:
                arm = _arm_told(project, str(detail["run"]))
            version = _take_in(project, arm, who, at)
            about = (str(detail.get("comparison", "")), tuple(detail.get("overruled", ())))
            reason = str(detail.get("reason", ""))
            decision = ModelDecision(version.version, CHAMPION, who, at, reason, *about)
            records.add_decision(project.id, decision)
    return True


def _decisions_told(project: Project) -> Iterator[Mapping[str, Any]]:
    """Yield the lines of the audit trail that say which model is in use, oldest first."""
    for line in project.workspace.records.audit_trail(project.id):
        named = line["what"] in (PROMOTED, OVERRULED) and "run" in line["detail"]
        if named or line["what"] == WITHDRAWN:
            yield line


def _arm_told(project: Project, run: str) -> PilotArm:
    try:
        return arm_of_run(project, run)
    except WorkspaceError:  # its folder is gone: that it was in use is still told
        return PilotArm(run, "")
