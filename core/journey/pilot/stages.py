"""How far a pilot is, from the agreed goal to the rollout, in sentences for a meeting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from core.errors import ComparisonError, WorkspaceError
from core.evaluation.of_hundred import headline, meaning
from core.jobs.folder import RunFolder
from core.journey.decisions import panel_in_use
from core.journey.jobs import TUNE, outcome_of
from core.journey.pilot.versions import LEAST_REASON, promotion, registry
from core.journey.projects import finished_runs, newest_verdict, scored_experts
from core.messages import N_, Message
from core.types.project import PilotGoal, Promotion
from core.types.rights import DECIDE
from core.types.scoring import ScoringResult
from core.types.sufficiency import NO
from core.types.tuning import TuningResult
from core.workspace.database import now
from core.workspace.feedback import LONGEST
from core.workspace.workspace import Project, asks

Found = TypeVar("Found")


@dataclass(frozen=True)
class PilotStage:
    """One stage of a pilot.

    Attributes
    ----------
    key : str
        Key of :data:`STAGES`.
    done : bool
    said : tuple of Message
        Whole sentences with the project's own figures, for a meeting.
    page : str
        Where the stage is done; "" = here.
    """

    key: str
    done: bool
    said: tuple[Message, ...]
    page: str = ""


STAGES: Mapping[str, str] = {
    "goal": N_("Goal and measure agreed"),
    "data": N_("Data are enough"),
    "experts": N_("Experts are balanced"),
    "trial": N_("Small test"),
    "verdict": N_("Verdict"),
    "decision": N_("Decision"),
    "rollout": N_("Rollout"),
}
_ALIKE = 0.9  # rank correlation from which two experts say nearly the same
_FEWEST_EXPERTS = 3
_GOAL = N_(
    "We agreed on {at}: {goal} It is measured by how far up the right answer comes, on questions "
    "that no model has learned from, and only what chance does not explain counts."
)
_NO_GOAL = N_(
    "What should get better, for whom, and how will we know? That is agreed before anybody sees a "
    "result."
)
_DATA_ENOUGH = N_(
    "We have {questions} questions with a known answer, for {groups} different answers: enough to "
    "learn from and to prove a gain."
)
_DATA_SHORT = N_(
    "We have {questions} questions with a known answer, for {groups} different answers, which is "
    "not enough yet."
)
_DATA_UNKNOWN = N_("Whether the data are enough shows on the page Data.")
_BALANCED = N_(
    "{count} different models judge the answers; even the two most alike agree {value} of 1 only, "
    "so no single view decides."
)
_ALIKE_EXPERTS = N_(
    "Two of the {count} models that judge the answers say nearly the same (agreement {value} of "
    "1): another kind should join them."
)
_FEW_EXPERTS = N_("{count} models judge the answers: with three or more no single view decides.")
_NO_EXPERTS = N_("Nobody has judged the answers yet: several different models should.")
_TRIED = N_(
    "A first model has learned: on questions set aside for checking, its search score went from "
    "{before:.2f} to {after:.2f} (1 = the right answer is always first)."
)
_TRIED_IN_FOLDS = N_("A first model has learned, and every question was a test question once.")
_NOT_TRIED = N_("No model has learned from these data yet; a first run takes minutes.")
_SEE_VERDICT = N_("Before and after were compared; the page Compare says what came of it.")
_NO_VERDICT = N_("Before and after have not been compared yet.")
_TAKEN = N_("{who} decided on {at} to use the tuned model.")
_TAKEN_ALL_THE_SAME = N_(
    "{who} decided on {at} to use the tuned model, although the check advised against it: {reason}"
)
_TAKEN_BACK = N_("{who} decided on {at} not to use the tuned model any more.")
_UNDECIDED = N_("Nobody has decided yet; the report begins with a decision sheet for that.")
_IN_USE = N_(
    "The tuned model is in use since {at}. It should be compared again when questions or answers "
    "have changed."
)
_OTHER_IN_USE = N_("A model that was tuned earlier is in use since {at}, not the newest one.")
_WATCHED = N_("Last looked at on {at}: nothing says that it should learn again.")
_SHOULD_LEARN = N_("Last looked at on {at}: it should learn again.")
_NOT_IN_USE = N_("The old search is still in use; the page Report hands the new model over.")


@asks(DECIDE)
def agree_goal(project: Project, text: str, who: str) -> PilotGoal:
    """Keep what the pilot is to reach, with name and time.

    Raises
    ------
    ComparisonError
        If the text says too little for others to follow.
    """
    text = " ".join(text.split())[:LONGEST]
    if len(text) < LEAST_REASON:
        raise ComparisonError(
            "Say in at least {least} characters what should get better, and for whom.",
            least=LEAST_REASON,
        )
    goal = PilotGoal(text if text.endswith((".", "!", "?", "。")) else f"{text}.", who, now())
    project.state.goal = goal
    project.note("goal agreed", who, {"goal": goal.text[:200]})
    return goal


def pilot_stages(project: Project) -> tuple[PilotStage, ...]:
    """Return the stages of a pilot, each filled from what the project knows; reads small files.

    What is damaged counts as not known yet: the page of that stage says what is wrong.
    """
    stages = (_goal, _data, _experts, _trial, _verdict, _decision, _rollout)
    return tuple(stage(project) for stage in stages)


def _goal(project: Project) -> PilotStage:
    goal = _kept(lambda: project.state.goal)
    if goal is None:
        return PilotStage("goal", False, (Message(_NO_GOAL),))
    return PilotStage("goal", True, (Message(_GOAL, {"at": goal.at[:10], "goal": goal.text}),))


def _data(project: Project) -> PilotStage:
    known = _kept(lambda: project.state.allowed)
    if known is None or known.dataset_id != project.dataset_id:
        return PilotStage("data", False, (Message(_DATA_UNKNOWN),), "data")
    found = known.found
    enough = NO not in (found.learn, found.prove)
    values = {"questions": found.questions, "groups": found.groups}
    if enough:
        return PilotStage("data", True, (Message(_DATA_ENOUGH, values),), "data")
    why = found.learn_text if found.learn == NO else found.prove_text
    return PilotStage("data", False, (Message(_DATA_SHORT, values), why), "data")


def _experts(project: Project) -> PilotStage:
    scored = scored_experts(project)
    experts, state = panel_in_use(project, scored), project.state.scored
    if not experts or state is None:
        return PilotStage("experts", False, (Message(_NO_EXPERTS),), "experts")
    if len(experts) < _FEWEST_EXPERTS:
        few = Message(_FEW_EXPERTS, {"count": len(experts)})
        return PilotStage("experts", False, (few,), "experts")
    folder = RunFolder(project.workspace.run_folder(state.run_id))
    report: ScoringResult | None = _kept(lambda: state.measured or outcome_of(folder))
    places = (
        []
        if report is None
        else [place for place, one in enumerate(report.figures) if one.expert in experts]
    )
    agreed = (
        [] if report is None else [report.agreement[i][j] for i in places for j in places if j < i]
    )
    closest = max((value for value in agreed if value == value), default=0.0)  # NaN: not known
    values: dict[str, str | int | float] = {"count": len(experts), "value": f"{closest:.2f}"}
    balanced = closest < _ALIKE
    said = Message(_BALANCED if balanced else _ALIKE_EXPERTS, values)
    return PilotStage("experts", balanced, (said,), "experts")


def _trial(project: Project) -> PilotStage:
    for run in finished_runs(project, TUNE):
        folder = RunFolder(project.workspace.run_folder(run.id))
        result: TuningResult | None = _kept(partial(outcome_of, folder))
        if result is None:
            continue
        before, after = result.base_score, result.best_score
        if before is None or after is None:
            return PilotStage("trial", True, (Message(_TRIED_IN_FOLDS),), "tune")
        said = Message(_TRIED, {"before": before, "after": after})
        return PilotStage("trial", True, (said,), "tune")
    return PilotStage("trial", False, (Message(_NOT_TRIED),), "tune")


def _verdict(project: Project) -> PilotStage:
    newest = newest_verdict(project)
    if newest is None:
        return PilotStage("verdict", False, (Message(_NO_VERDICT),), "compare")
    summary = newest[1]
    said = (
        []
        if summary is None
        else [one for found in summary.found for one in (headline(found), meaning(found))]
    )
    return PilotStage("verdict", True, tuple(said) or (Message(_SEE_VERDICT),), "compare")


def _decision(project: Project) -> PilotStage:
    present = registry(project)
    last, version = present.took_effect, present.champion
    if last is None or version is None:
        return PilotStage("decision", False, (Message(_UNDECIDED),), "report")
    values = {"who": last.who, "at": last.at[:10]}
    text = _TAKEN if version.arm.run else _TAKEN_BACK
    if version.arm.run and last.overruled:
        text, values["reason"] = _TAKEN_ALL_THE_SAME, last.reason
    return PilotStage("decision", True, (Message(text, values),), "compare")


def _rollout(project: Project) -> PilotStage:
    used, newest = promotion(project), newest_verdict(project)
    if used is None:
        return PilotStage("rollout", False, (Message(_NOT_IN_USE),), "report")
    summary = None if newest is None else newest[1]
    current = summary is None or summary.tune_run == used.run
    said = Message(_IN_USE if current else _OTHER_IN_USE, {"at": used.at[:10]})
    watched, fired = _watched(project, used)
    page = "compare" if not current else "pilot" if fired else "report"
    return PilotStage("rollout", current, (said, *watched), page)


def _watched(project: Project, used: Promotion) -> tuple[tuple[Message, ...], bool]:
    """Return what the last look at the model in use found, and whether a criterion holds."""
    # Here and not above: the first page reads from here, and must not load what computes.
    from core.journey.pilot.watching import newest_look, state_told

    look = _kept(lambda: newest_look(project))
    if look is None or look.tune_run != used.run:
        return (), False
    if not look.fired:
        return (Message(_WATCHED, {"at": look.at[:10]}),), False
    reasons = (state_told(state) for state in look.criteria if state.fires)
    return (Message(_SHOULD_LEARN, {"at": look.at[:10]}), *reasons), True


def _kept(read: Callable[[], Found | None]) -> Found | None:
    """Return what is stored, None where it is damaged."""
    try:
        return read()
    except WorkspaceError:
        return None
