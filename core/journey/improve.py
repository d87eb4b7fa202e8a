"""The walk from data to verdict in one go: for a terminal, and as one job behind one button.

Each stop is a job of its own, with the folder, lock and last words of any other, so that its page
shows it and everything can be changed afterwards. What was decided on the way is told in the same
sentences on the page and in the terminal. What a person chose before is kept.

The libraries that compute are imported where they are used: the first page reads from here, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.documents import from_json, to_json
from core.errors import JobError, Stopped, WorkspaceError
from core.jobs.folder import PAUSE, RunFolder
from core.jobs.state import CANCELLED, FAILED, FINISHED, PAUSED, JobView
from core.journey.decisions import panel_in_use
from core.journey.jobs import (
    COMPARE,
    CROSS_FIT,
    IMPROVE,
    SCORE,
    TUNE,
    Start,
    job,
    jobs_of,
    launch_job,
    outcome_of,
    project_of,
    workspace_of,
)
from core.journey.projects import Project, Workspace, finished_runs, scored_experts
from core.messages import N_, Message
from core.progress import Progress, Reporter
from core.types import SPLIT, LabelRecipe, SystemChoice
from core.types.rights import START
from core.types.tuning import Decided, Improvement, ImproveRequest, ImproveResult
from core.workspace.files import read_json, write_json
from core.workspace.workspace import asks

if TYPE_CHECKING:
    from core.types.tuning_config import TuningConfig

AUTO = "auto"  # the way of the verdict: the data decide
QUICK = "quick"  # the preset for who wants to see in the shortest time whether it helps
NAMED, SUGGESTED = "named", "suggested"  # who chose the experts
FIRST_RECIPE = N_("Recommended labels")

_EXPERTS = {
    NAMED: N_("{names} (as named)"),
    SUGGESTED: N_("{names} (suggested for these data)"),
}
_EXPERTS_KEPT = N_("{names} (have scored these data already)")
_EVERYBODY = N_("All {count} experts take part in the labels: each of them adds something.")
_PANEL = N_(
    "{count} of {all} experts take part in the labels; left out, because they repeat others or add "
    "nothing: {names}."
)
_BY_RELIABILITY = N_(
    "Each expert counts by how well it tells right answers from others ({weights}); known right "
    "answers count {blend:.0%}, the experts the rest."
)
_BY_RULE = N_(
    "Rule {rule}; known right answers count {blend:.0%}, the experts the rest ({weights})."
)
_RECIPE_KEPT = N_("The labels {name}, which are in use, are kept.")
_SETTINGS = {
    QUICK: N_("{model} learns in one pass, the shortest run that shows whether it helps."),
    "balanced": N_("{model} learns with the recommended settings."),
    "thorough": N_("{model} learns with the thorough settings: longer texts, more passes."),
}
_WAYS = {
    SPLIT: N_(
        "Tested on the questions that one split keeps back: {known} on known answers, {unseen} on "
        "unseen ones."
    ),
    "cross-fit": N_(
        "Every question is tested, in {folds} folds, because one split would keep back only "
        "{known} questions on known answers and {unseen} on unseen ones."
    ),
}
_WAYS_ASKED = {
    SPLIT: N_(
        "Tested on one split, as asked for: {known} questions on known answers, {unseen} on unseen "
        "ones."
    ),
    "cross-fit": N_("Every question is tested, in {folds} folds, as asked for."),
}
_ELSEWHERE = N_(
    "Another process is busy with the part {run} of this job. Wait until that has ended, then "
    "press Resume."
)
_UNDER_WAY = N_(
    "Something is being computed for this project already. Wait until it has ended, or stop it."
)
_NO_DATA = N_("There are no data yet. Upload your questions and answers first.")

# How long the parts of the job are expected to take, where nothing was measured here, in seconds.
_SECONDS = {SCORE: 60.0, TUNE: 180.0, COMPARE: 40.0}


class Walk:
    """The app's steps from data to verdict, one after the other, each done by this process.

    Parameters
    ----------
    workspace : Workspace
    who : str
        Under whose name the steps are recorded.
    start : callable
        How a job is done here, see :func:`core.journey.steps.in_this_process`.
    tell : callable
        Gets each decision with its reason.
    """

    def __init__(
        self, workspace: Workspace, who: str, start: Start, tell: Callable[[Decided], None]
    ) -> None:
        self.workspace, self.who, self.start, self.tell = workspace, who, start, tell

    def say(self, about: str, text: Message) -> None:
        """Tell a decision."""
        self.tell(Decided(about, text))

    @contextmanager
    def stop(self, key: str) -> Iterator[None]:
        """Stand at a stop of the walk."""
        yield

    def run(self, project: Project, kind: str, launch: Callable[[], str]) -> str:
        """Have a job done; returns its run id."""
        return self.done(project, launch())

    def done(self, project: Project, run_id: str) -> str:
        """Return the id of a job that left what the next stop needs; raises its error if not."""
        view = job(self.workspace, run_id)
        if view.state == FAILED and view.error is not None:
            raise JobError(view.error.template, **view.error.params)
        if all(finished.id != run_id for finished in finished_runs(project, view.kind)):
            raise Stopped
        return run_id

    def let_score(self, project: Project, experts: Sequence[str], why: str, base: str = "") -> None:
        """Let experts score, and say whether one of them can teach the model to be tuned.

        Parameters
        ----------
        why : str
            ``named`` or ``suggested``.
        base : str
            Key of the model to be tuned; "" = the one suggested for the data.
        """
        from core.journey.experts import expert_title, launch_scoring, teacher_advice

        names = ", ".join(map(expert_title, experts))
        self.say("experts", Message(_EXPERTS[why], {"names": names}))
        start = self.start
        self.run(
            project,
            SCORE,
            lambda: launch_scoring(project, experts, self.who, agreed=None, start=start),
        )
        advice = teacher_advice(project, project.load_dataset(), base or None)
        for sentence in filter(None, (advice.sentence, advice.remedy)):
            self.say("teacher", sentence)

    def make_labels(self, project: Project, recipe: LabelRecipe, name: str) -> None:
        """Save a recipe, put it to use and say how much each expert counts."""
        from core.journey.experts import expert_title
        from core.journey.labels import expert_weights, use_labels

        use_labels(project, recipe, name, self.who)
        weights = ", ".join(
            f"{expert_title(key)} {weight:.0%}"
            for key, weight in sorted(
                expert_weights(project, recipe).items(), key=lambda item: -item[1]
            )
        )
        values: dict[str, str | int | float] = {"rule": recipe.rule, "blend": recipe.blend}
        values["weights"] = weights or "–"
        text = _BY_RELIABILITY if recipe.rule == LabelRecipe.rule else _BY_RULE
        self.say("labels", Message(text, values))

    def way(self, project: Project, wanted: str = AUTO) -> str:
        """Return how the verdict is reached, and say why."""
        from core.journey.cross_fit import (
            CROSS_FIT as FOLDS,
            fold_count,
            tested_in_split,
            verdict_way,
        )
        from core.types import KNOWN, UNSEEN

        dataset = project.load_dataset()
        way = verdict_way(dataset) if wanted == AUTO else wanted
        counts = tested_in_split(dataset)
        values = {"known": counts.get(KNOWN, 0), "unseen": counts.get(UNSEEN, 0)}
        if way == FOLDS:
            values["folds"] = fold_count(dataset)
        self.say("verdict", Message((_WAYS if wanted == AUTO else _WAYS_ASKED)[way], values))
        return way

    def tune_and_compare(
        self, project: Project, config: TuningConfig, way: str, *, examined: bool
    ) -> tuple[str, str]:
        """Tune a model and compare it; returns the runs of the model and of its comparison."""
        from core.journey.compare import launch_comparison
        from core.journey.cross_fit import cross_fit_outcome, launch_cross_fit
        from core.journey.tune import launch_tuning

        who, start = self.who, self.start
        if way != SPLIT:
            with self.stop("tune"):
                run = self.run(
                    project,
                    CROSS_FIT,
                    lambda: launch_cross_fit(project, config, who, start=start, examined=examined),
                )
            found = cross_fit_outcome(self.workspace, run)
            return found.tune_run, found.compare_run
        with self.stop("tune"):
            tuned = self.run(
                project, TUNE, lambda: launch_tuning(project, config, who, start=start)
            )
        with self.stop("compare"):
            experts, choice = scored_experts(project), SystemChoice(examined=examined)
            compared = self.run(
                project,
                COMPARE,
                lambda: launch_comparison(project, tuned, experts, who, choice, start),
            )
        return tuned, compared


# The same walk as one job.


@asks(START)
def launch_improvement(project: Project, who: str, preset: str = "balanced") -> str:
    """Start a job that goes from the data to the verdict; returns the run id.

    Raises
    ------
    JobError
        If there are no data, or a job of this project is under way.
    TuningError
        If there is no such preset.
    WorkspaceError
        If the data are damaged.
    """
    from core.journey.command_inputs import chosen_settings

    if project.dataset_id is None:
        raise JobError(_NO_DATA)
    if any(not view.is_final for view in jobs_of(project)):
        raise JobError(_UNDER_WAY)
    config = chosen_settings(project.load_dataset(), None, preset, None)
    return launch_job(project, IMPROVE, ImproveRequest(project.dataset_id, config, preset), who)


def improvement_of(project: Project) -> JobView | None:
    """Return the newest such job on the present data, None where there is none."""
    found = (view for view in jobs_of(project, IMPROVE) if view.dataset_id == project.dataset_id)
    return next(found, None)


def improvement(workspace: Workspace, run_id: str) -> Improvement:
    """Return what was decided so far, and the jobs that were started; empty before the first."""
    try:
        return from_json(Improvement, read_json(_notes(workspace.run_folder(run_id))))
    except WorkspaceError:
        return Improvement()


def improved(workspace: Workspace, run_id: str) -> ImproveResult:
    """Return what a finished job ended in; raises WorkspaceError if that is missing or damaged."""
    result: ImproveResult = outcome_of(RunFolder(workspace.run_folder(run_id)))
    return result


def _notes(folder: Path) -> Path:
    return folder / "walk.json"


def improve_step(folder: RunFolder, request: ImproveRequest, report: Reporter) -> ImproveResult:
    """Worker step: walk from the data to the verdict, or from where a killed worker was."""
    project = project_of(folder)
    if project.dataset_id != request.dataset_id:
        raise JobError(
            "The data of this project were replaced since this job was started. Start it again."
        )
    walk = _JobWalk(folder, request.dataset_id, Progress(report))
    tuned, compared = walk.whole(project, request)
    return ImproveResult(request.dataset_id, tuned, compared)


class _JobWalk(Walk):
    """The walk as one job: its parts tell how far the whole is, and are found again."""

    def __init__(self, folder: RunFolder, dataset_id: str, report: Progress) -> None:
        from core.journey.steps import do_here, in_this_process

        self.folder, self.dataset_id, self.report, self.part = folder, dataset_id, report, report
        self.so_far = improvement(workspace_of(folder), folder.root.name)
        self.child = folder
        self._shares: dict[str, tuple[float, float]] = {}
        # The device is held by the whole: its parts wait for none.
        waits_for_nothing = self._begun, self._heard, lambda _: None
        self._again: Callable[[RunFolder], None] = lambda child: do_here(child, *waits_for_nothing)
        super().__init__(
            workspace_of(folder),
            folder.job().who,
            in_this_process(*waits_for_nothing),
            self._decided,
        )

    def whole(self, project: Project, request: ImproveRequest) -> tuple[str, str]:
        """Go from the data to the verdict; what was chosen before is kept."""
        from core.journey.labels import first_recipe, recipe_in_use

        config, preset = request.tuning, request.preset
        expected = self._expected(project, config)
        ends = [sum(expected[:n]) / sum(expected) for n in (1, 2)]
        self._shares = {"experts": (0.0, ends[0]), "labels": (ends[0], ends[0])}
        self._shares |= {"tune": (ends[0], ends[1]), "compare": (ends[1], 1.0)}
        with self.stop("experts"):
            self._experts(project, config)
        with self.stop("labels"):
            used = recipe_in_use(project)
            if used is None:
                panel = panel_in_use(project, scored_experts(project))
                self.make_labels(project, first_recipe(project, panel), FIRST_RECIPE)
            elif not self._has_decided("labels"):
                self.say("labels", Message(_RECIPE_KEPT, {"name": used.name}))
        self.say("tuning", self._settings_told(config, preset))
        way = self.way(project, SPLIT if preset == QUICK else AUTO)
        if way != SPLIT:  # folds are compared while they are tuned
            self._shares["tune"] = (ends[0], 1.0)
        return self.tune_and_compare(project, config, way, examined=True)

    def _experts(self, project: Project, config: TuningConfig) -> None:
        """Let the suggested experts score, unless some have; say who takes part in the labels."""
        from core.journey.data import keep_what_data_allow, what_data_allow
        from core.journey.experts import expert_title, scoring_report

        scored = scored_experts(project)
        if scored and SCORE not in self.so_far.runs:
            names = ", ".join(map(expert_title, scored))
            self.say("experts", Message(_EXPERTS_KEPT, {"names": names}))
        else:
            self.let_score(project, self._suggested(project), SUGGESTED, config.base_model)
        allowed = what_data_allow(project.load_dataset(), scoring_report(project))
        keep_what_data_allow(project, allowed)
        scored = scored_experts(project)
        left_out = set(scored) - set(panel_in_use(project, scored))
        if len(scored) > 1:
            values: dict[str, str | int | float] = {"all": len(scored), "count": len(scored)}
            if left_out:
                names = ", ".join(expert_title(key) for key in scored if key in left_out)
                values |= {"count": len(scored) - len(left_out), "names": names}
            self.say("panel", Message(_PANEL if left_out else _EVERYBODY, values))

    def _suggested(self, project: Project) -> tuple[str, ...]:
        """Return the experts that the page suggests: without the teacher that was put off."""
        from core.journey.experts import suggested_experts, teacher_offer

        dataset = project.load_dataset()
        experts = suggested_experts(self.workspace, dataset, downloads=True)
        if not project.state.teacher_put_off:
            return experts
        teacher = teacher_offer(self.workspace, dataset).entry.key
        return tuple(key for key in experts if key != teacher)

    def _settings_told(self, config: TuningConfig, preset: str) -> Message:
        from core.journey.experts import expert_title

        return Message(_SETTINGS[preset], {"model": expert_title(config.base_model)})

    def _expected(self, project: Project, config: TuningConfig) -> tuple[float, float, float]:
        """Return the seconds that scoring, tuning and comparing may take; a guess is enough."""
        from core.experts.catalogue import estimate_loading, estimate_seconds, find_entry
        from core.journey.tune import plan

        dataset, models = project.load_dataset(), self.workspace.models
        scoring = 0.0
        if not scored_experts(project):
            entries = [find_entry(key) for key in self._suggested(project)]
            known = [estimate_seconds(entry, dataset, models) for entry in entries]
            loading = sum(estimate_loading(entry, models) or 0.0 for entry in entries)
            scoring = sum(known_one or _SECONDS[SCORE] / 4 for known_one in known) + loading
        tuning = plan(self.workspace, dataset, config).seconds or _SECONDS[TUNE]
        return scoring + 1.0, tuning, _SECONDS[COMPARE]

    @contextmanager
    def stop(self, key: str) -> Iterator[None]:
        """Stand at a stop: its parts tell their share of the whole."""
        self.part = self.report.part(*self._shares[key])
        self._keep(replace(self.so_far, now=key))
        if self.report.should_stop():
            raise Stopped
        yield

    def run(self, project: Project, kind: str, launch: Callable[[], str]) -> str:
        """Have a part done; one that an earlier worker began is not begun anew."""
        before = self._begun_before(kind)
        if before is None:
            return self._ended(project, launch())
        if before.state != FINISHED:
            self._again(RunFolder(self.workspace.run_folder(before.id)))
        return self._ended(project, before.id)

    def _begun_before(self, kind: str) -> JobView | None:
        """Return the part of a kind that can be gone on with, None where there is none."""
        try:
            view = job(self.workspace, self.so_far.runs[kind])
        except (KeyError, WorkspaceError):
            return None
        gone = view.state == CANCELLED or view.dataset_id != self.dataset_id
        return None if gone else view

    def _ended(self, project: Project, run_id: str) -> str:
        """Return the id of a part that left what the next stop needs; else end as it ended."""
        view = job(self.workspace, run_id)
        if not view.is_final:
            raise JobError(_ELSEWHERE, run=run_id)
        if view.state == PAUSED:  # also where somebody paused the part on its own page
            self.folder.request_stop(PAUSE)
        if self.folder.stop_requested():
            raise Stopped
        return self.done(project, run_id)

    def _begun(self, root: Path) -> None:
        """Keep which part is at work, before it is."""
        self.child = RunFolder(root)
        kind = self.child.job().kind
        self._keep(replace(self.so_far, runs={**self.so_far.runs, kind: root.name}))

    def _heard(self, own: Reporter) -> Reporter:
        return _Part(own, self.child, self.part, self.folder)

    def _has_decided(self, about: str) -> bool:
        return any(decided.about == about for decided in self.so_far.decided)

    def _decided(self, decided: Decided) -> None:
        """Keep a decision; a resumed job takes the same ones again."""
        if decided not in self.so_far.decided:
            self._keep(replace(self.so_far, decided=(*self.so_far.decided, decided)))

    def _keep(self, so_far: Improvement) -> None:
        if so_far != self.so_far and self.folder.is_valid():  # never a deleted folder anew
            self.so_far = so_far
            write_json(_notes(self.folder.root), to_json(so_far))


class _Part:
    """The reporter of a part: tells its own folder and the whole, and is stopped with the whole."""

    def __init__(self, own: Reporter, place: RunFolder, part: Progress, whole: RunFolder) -> None:
        self._own, self._place, self._part, self._whole = own, place, part, whole

    def progress(self, fraction: float, message: Message) -> None:
        """Tell both."""
        self._own.progress(fraction, message)
        self._part.progress(fraction, message)

    def metric(self, values: Mapping[str, float]) -> None:
        """Tell the part alone: its page draws its curves."""
        self._own.metric(values)

    def warning(self, message: Message) -> None:
        """Tell the part alone: its page shows it."""
        self._own.warning(message)

    def should_stop(self) -> bool:
        """Return True once somebody asked the part or the whole; the part ends as the whole."""
        how = self._whole.stop_requested()
        if how is not None:
            self._place.request_stop(how)
        return self._own.should_stop() or self._part.should_stop()
