"""Continual learning: a challenger is trained, and compared with the model in use before it is.

A challenger learns from the present data as a whole: what the champion learned from is in them, so
nothing that stayed in the data is forgotten for want of being told again (rehearsal). It is never
put in the champion's place by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from core.documents import from_json, to_json
from core.errors import AppError, ComparisonError, TuningError, WorkspaceError
from core.evaluation.measures import MAIN_METRIC
from core.evaluation.movements import QuestionChange, wins_and_losses
from core.evaluation.verdict import GENERALITY_LIMIT, generality_state, paired
from core.experts.catalogue import find_entry
from core.jobs.folder import RunFolder
from core.jobs.state import FINISHED, JobView
from core.journey.command_inputs import chosen_settings
from core.journey.compare import load_comparison, write_comparison
from core.journey.compare_systems import (
    ComparedSystems,
    folded,
    is_query_side,
    leaked_rows,
    learned_texts,
    tune_request,
)
from core.journey.jobs import (
    CHALLENGE,
    IN_BACKGROUND,
    TUNE,
    Start,
    jobs_of,
    launch_job,
    outcome_of,
    request_of,
    workspace_of,
)
from core.journey.pilot.searching import arm_in_use
from core.journey.pilot.versions import arm_of_run, is_there, make_challenger, registry
from core.journey.tune import launch_tuning
from core.messages import N_, Message
from core.progress import Progress, Reporter
from core.types import (
    BASE,
    SPLIT,
    TUNED,
    CompareRequest,
    Comparison,
    Difference,
    QADataset,
    Rows,
    SystemChoice,
)
from core.types.comparison import Generality
from core.types.expert_entry import DOCUMENT, QUERY
from core.types.model_registry import ChallengeQuestions, ChallengeRequest
from core.types.pilot_events import PilotArm
from core.types.rights import SEE, START
from core.types.tuning_config import TuningConfig
from core.workspace.files import read_json, write_json
from core.workspace.workspace import Project, Workspace, asks

if TYPE_CHECKING:
    from core.evaluation.systems import EncodedSystem, Tested
    from core.experts.encoders import Encoder

FROM_BASE, GO_ON = "base", "champion"
BEGINNINGS = {
    FROM_BASE: N_("from the base model"),
    GO_ON: N_("go on from the champion"),
}
FROZEN, NEW = "frozen", "new"
PARTS = {
    FROZEN: N_("Frozen test: questions that were held out when the champion learned"),
    NEW: N_("Newly judged: questions that came to the data since"),
}
_QUESTIONS = "questions.json"
_TRAINED = "Trained on the page Pilot to challenge the model in use."
_SEED = 0


@dataclass(frozen=True)
class Rehearsal:
    """What a challenger would learn from, beside what the champion learned from.

    Attributes
    ----------
    known : int
        Training and validation questions of the present data that the champion met, too.
    new : int
        Those that came since.
    gone : int
        Questions that the champion learned from and that are in the data no more: they are not
        told again.
    """

    known: int
    new: int
    gone: int


def rehearsal(project: Project) -> Rehearsal:
    """Return what would be rehearsed; raises WorkspaceError if the champion's data are gone."""
    data, champion = project.load_dataset(), arm_in_use(project, project.load_dataset())
    before = learned_texts(project.workspace, champion.run).questions
    present = {folded(data.questions[row]) for row in data.seen_rows}
    still = {folded(text) for text in data.questions}
    return Rehearsal(len(present & before), len(present - before), len(before - still))


def why_not_go_on(project: Project) -> Message | None:
    """Return why a run cannot go on from the champion's weights, None where it can."""
    dataset = project.load_dataset()
    champion = arm_in_use(project, dataset)
    if not champion.run:
        return Message(N_("The model in use is one as it came: begin with it."))
    told = tune_request(RunFolder(project.workspace.run_folder(champion.run)))
    if told.tuning.by_base or told.tuning.answer_model:
        return Message(
            N_(
                "Answers keep the vectors of another model than the champion's, so it cannot be "
                "gone on from. Begin with the base model."
            )
        )
    repeated = leaked_rows(project.workspace, dataset, champion.run)
    if repeated:
        return Message(
            N_(
                "The champion learned from {count} of the questions that are held out now: a model "
                "that goes on from it could not be tested on them. Begin with the base model."
            ),
            {"count": len(repeated)},
        )
    return None


@asks(START)
def train_challenger(
    project: Project,
    who: str,
    begin: str = FROM_BASE,
    *,
    config: TuningConfig | None = None,
    start: Start = IN_BACKGROUND,
) -> str:
    """Start a tuning run on the present data whose model becomes the challenger; returns its id.

    Parameters
    ----------
    begin : str
        Key of :data:`BEGINNINGS`.
    config : TuningConfig or None
        None takes the settings of the champion's run, else the recommended ones.

    Raises
    ------
    TuningError
        If no recipe is in use, or the champion cannot be gone on from.
    """
    dataset = project.load_dataset()
    champion = arm_in_use(project, dataset)
    told = None
    if champion.run:
        told = tune_request(RunFolder(project.workspace.run_folder(champion.run))).tuning
    settings = config or told or chosen_settings(dataset, None, "balanced", champion.model)
    start_run = ""
    if begin == GO_ON:
        refusal = why_not_go_on(project)
        if refusal is not None:
            raise TuningError(refusal.template, **refusal.params)
        settings, start_run = replace(settings, base_model=champion.model), champion.run
    flags = {"then_compare": True, "challenges": True, "start_run": start_run}
    return launch_tuning(project, settings, who, start=start, **flags)  # type: ignore[arg-type]


@asks(START)
def challenge_with(
    project: Project, run: str, who: str, start: Start = IN_BACKGROUND
) -> str | None:
    """Name the model of a run the challenger and start its comparison with the champion.

    Returns
    -------
    str or None
        Run id of the comparison; None where the run kept the model that it began with.
    """
    folder = RunFolder(project.workspace.run_folder(run))
    if outcome_of(folder).is_base or not folder.model.is_dir():
        return None
    arm = arm_of_run(project, run)
    present = registry(project)
    if present.champion is not None and present.champion.arm == arm:
        return None  # a resumed run that was taken into use meanwhile
    if present.challenger is None or present.challenger.arm != arm:
        make_challenger(project, arm, who, _TRAINED)
    return launch_challenge(project, who, start=start)


@asks(START)
def launch_challenge(project: Project, who: str, start: Start = IN_BACKGROUND) -> str:
    """Start a job that compares challenger and champion; returns the run id.

    Raises
    ------
    ComparisonError
        If there is no challenger, or its model is gone.
    """
    named = registry(project).challenger
    if named is None or not is_there(project, named.arm):
        raise ComparisonError("There is no challenger. Reload the page.")
    champion = arm_in_use(project, project.load_dataset())
    request = ChallengeRequest(project.dataset_id or "", champion, named.arm)
    return launch_job(project, CHALLENGE, request, who, start=start)


def challenge_step(folder: RunFolder, asked: ChallengeRequest, report: Reporter) -> dict[str, Any]:
    """Worker step: ask both models what neither has learned from, and say what changed."""
    workspace, own = workspace_of(folder), Progress(report)
    dataset = workspace.load_dataset(asked.dataset_id)
    tested, questions = _tested(workspace, asked)
    sides = [
        _encoded(workspace, asked.champion, BASE, dataset, tested.rows, own.part(0.0, 0.2)),
        _encoded(workspace, asked.challenger, TUNED, dataset, tested.rows, own.part(0.2, 0.4)),
    ]
    challenger = RunFolder(workspace.run_folder(asked.challenger.run))
    before, after = (_models(workspace, arm)[0] for arm in (asked.champion, asked.challenger))
    systems = ComparedSystems(workspace, dataset, challenger, before, after, [*sides])
    request = CompareRequest(
        dataset.id,
        asked.challenger.run,
        asked.challenger.model,
        arms=SystemChoice(hybrids=(), examined=False),
    )
    write_json(folder.root / _QUESTIONS, to_json(questions))
    return write_comparison(folder, request, systems, own.part(0.4, 1.0), tested)


def _tested(workspace: Workspace, asked: ChallengeRequest) -> tuple[Tested, ChallengeQuestions]:
    """Return the held-out questions that neither model has learned from.

    Raises
    ------
    ComparisonError
        If there is none.
    """
    from core.evaluation.systems import Tested, held_out_rows

    dataset = workspace.load_dataset(asked.dataset_id)
    leaked = leaked_rows(workspace, dataset, asked.champion.run, asked.challenger.run)
    held = held_out_rows(dataset)
    rows = held[~np.isin(held, leaked)]
    if not len(rows):
        raise ComparisonError(
            "Champion or challenger has learned from every question that is held out, so nothing "
            "is left to compare them on. Judge new questions: those can be asked."
        )
    known: set[str] = set()
    if asked.champion.run:
        told = tune_request(RunFolder(workspace.run_folder(asked.champion.run)))
        known = {folded(text) for text in workspace.load_dataset(told.dataset_id).questions}
    new = [
        place
        for place, row in enumerate(rows.tolist())
        if known and folded(dataset.questions[row]) not in known
    ]
    tested = Tested(rows, dataset.regimes_of(rows), SPLIT, 0)
    return tested, ChallengeQuestions(tuple(new), len(leaked))


def _models(workspace: Workspace, arm: PilotArm) -> tuple[Encoder, Encoder]:
    """Return what reads the questions and what reads the answers of a model."""
    from core.experts.encoders import load_encoder

    came = load_encoder(find_entry(arm.model), workspace.models)
    if not arm.run:
        return came, came
    folder = RunFolder(workspace.run_folder(arm.run))
    tuned = load_encoder(folder.model, workspace.models)
    return tuned, came if is_query_side(folder) else tuned


def _encoded(
    workspace: Workspace,
    arm: PilotArm,
    name: str,
    dataset: QADataset,
    rows: Rows,
    report: Reporter,
) -> EncodedSystem:
    from core.evaluation.systems import EncodedSystem
    from core.experts.encoders import encode_cached

    reads, beside = _models(workspace, arm)
    encode = partial(encode_cached, cache=workspace.vectors, report=report)
    asked = [dataset.questions[row] for row in rows]
    title = N_("Champion") if name == BASE else N_("Challenger")
    return EncodedSystem(
        name,
        title,
        name,
        reads.fingerprint,
        encode(reads, asked, QUERY),
        encode(beside, dataset.answers, DOCUMENT),
    )


@dataclass(frozen=True)
class PartFigure:
    """Challenger minus champion on a part of the questions.

    Attributes
    ----------
    key : str
        Key of :data:`PARTS`.
    found : Difference or None
        None where the part has no question.
    """

    key: str
    found: Difference | None


@dataclass(frozen=True, eq=False)
class Challenge:
    """How challenger and champion compare.

    Attributes
    ----------
    request : ChallengeRequest
    comparison : Comparison
        With the champion as ``base`` and the challenger as ``tuned``; its slices say where
        something was forgotten.
    questions : ChallengeQuestions
    parts : tuple of PartFigure
    """

    run: str
    request: ChallengeRequest
    comparison: Comparison
    questions: ChallengeQuestions
    parts: tuple[PartFigure, ...]

    @property
    def forgotten(self) -> list[QuestionChange]:
        """Questions whose right answer was among the first ten and no longer is."""
        return [change for change in wins_and_losses(self.comparison) if change.lost]

    @property
    def everyday(self) -> Generality | None:
        """How well everyday language is understood before and after, None where not measured."""
        return next(iter(self.comparison.generality), None)

    @property
    def everyday_lost(self) -> bool:
        """Whether more of it was forgotten than is accepted."""
        probe = self.everyday
        return probe is not None and generality_state(probe, GENERALITY_LIMIT) == "lost"


def challenge_job(project: Project) -> JobView | None:
    """Return the newest comparison of the present challenger, whatever became of it."""
    return next(_challenges(project), None)


def training_job(project: Project) -> JobView | None:
    """Return the newest run that was started to be a challenger, None where there is none."""
    for view in jobs_of(project, TUNE):
        try:
            if request_of(view).challenges:
                return view
        except WorkspaceError:
            continue  # damaged: the Tune page says so
    return None


@asks(SEE)
def challenge_found(project: Project) -> Challenge | None:
    """Return the newest finished comparison of the present challenger with the champion.

    Raises
    ------
    WorkspaceError
        If its files are damaged.
    """
    for view in _challenges(project):
        if view.state == FINISHED:
            return _read(project.workspace, view)
    return None


def _challenges(project: Project) -> Iterator[JobView]:
    """Yield comparisons of the present challenger with the present champion, newest first."""
    named = registry(project).challenger
    if named is None or project.dataset_id is None:
        return
    try:
        champion = arm_in_use(project, project.load_dataset())
    except AppError:
        return
    for view in jobs_of(project, CHALLENGE):
        try:
            asked: ChallengeRequest = request_of(view)
        except WorkspaceError:
            continue
        if (asked.challenger, asked.champion) == (named.arm, champion):
            yield view


def _read(workspace: Workspace, view: JobView) -> Challenge:
    folder = RunFolder(workspace.run_folder(view.id))
    comparison = load_comparison(workspace, view.id)
    questions = from_json(ChallengeQuestions, read_json(folder.root / _QUESTIONS))
    every = np.arange(len(comparison.question_rows))
    new = np.isin(every, questions.new)
    parts = []
    for key, mask in ((FROZEN, ~new), (NEW, new)):
        pairing = [(TUNED, BASE, MAIN_METRIC)]
        found = paired(comparison, pairing, regime="", rows=every[mask], seed=_SEED)
        parts.append(PartFigure(key, found[0] if found else None))
    return Challenge(view.id, request_of(view), comparison, questions, tuple(parts))
