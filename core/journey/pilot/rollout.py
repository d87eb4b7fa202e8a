"""From a decision to a company's search: the deployment sheet, smaller forms, running costs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.documents import from_json, to_json
from core.errors import AppError, ExportError, WorkspaceError
from core.evaluation.cost import (
    EncodingCost,
    RunningCosts as RunningCosts,
    RunningPrices as RunningPrices,
    running_costs,
)
from core.evaluation.of_hundred import headline, meaning, of_hundred
from core.evaluation.verdict import present_regimes
from core.jobs.folder import RunFolder
from core.jobs.state import FINISHED, JobView
from core.journey.compare import load_comparison, load_examination, newest_comparison
from core.journey.compare_systems import is_query_side, tune_request
from core.journey.decisions import savings_of
from core.journey.delivery import model_facts, usable_export
from core.journey.jobs import (
    IN_BACKGROUND,
    SMALLER,
    Start,
    jobs_of,
    launch_job,
    outcome_of,
    request_of,
    workspace_of,
)
from core.journey.pilot.searching import arm_title
from core.journey.pilot.versions import is_there, registry
from core.messages import N_, Message
from core.progress import Reporter
from core.reporting.deployment import (
    DeploymentFacts as DeploymentFacts,
    deployment_body as deployment_body,
    deployment_page as deployment_page,
    deployment_sheet as deployment_sheet,
    pooling_of,
)
from core.reporting.wording import Wording
from core.types import TUNED, Comparison
from core.types.expert_entry import DOCUMENT, QUERY
from core.types.exporting import (
    DISTILLED,
    INT8,
    SmallForm as SmallForm,
    SmallFormsRequest,
    SmallFormsResult,
)
from core.types.model_registry import ModelVersion
from core.types.rights import CHANGE, EXPORT_FILES, START
from core.workspace.files import atomic_file
from core.workspace.workspace import Project, asks

_WORTH = N_(
    "Measured benefit: {low} to {high} {currency} a month, by your own figures on Compare, Money."
)
FORM_TITLES = {
    INT8: N_("ONNX with weights of eight bits"),
    DISTILLED: N_("Static word vectors (model2vec)"),
}


def champion_to_deploy(project: Project) -> ModelVersion | None:
    """Return the tuned model in use, None where there is none whose files are there."""
    champion = registry(project).champion
    if champion is None or not champion.arm.run or not is_there(project, champion.arm):
        return None
    return champion


@asks(CHANGE)
def keep_prices(project: Project, prices: RunningPrices, who: str) -> None:
    """Keep the user's prices of running a search."""
    project.state.running_prices = to_json(prices)
    project.note("running prices", who, to_json(prices))


def prices_of(project: Project) -> RunningPrices:
    """Return the prices that were kept last, the usual ones where there are none."""
    kept = project.state.running_prices
    try:
        return from_json(RunningPrices, kept) if isinstance(kept, dict) else RunningPrices()
    except AppError:
        return RunningPrices()


@dataclass(frozen=True)
class _Measured:
    """What is known of the champion: its newest comparison, and its speed."""

    comparison: Comparison | None
    speed: EncodingCost | None


def _measured(project: Project, run: str) -> _Measured:
    compared = newest_comparison(project, run)
    if compared is None:
        return _Measured(None, None)
    try:
        comparison = load_comparison(project.workspace, compared)
        costs = load_examination(project.workspace, compared).costs
    except AppError:
        return _Measured(None, None)
    return _Measured(comparison, next((one for one in costs if one.arm == TUNED), None))


def costs_of(
    project: Project, champion: ModelVersion, prices: RunningPrices
) -> RunningCosts | None:
    """Return what running the champion costs, None where its speed was not measured."""
    speed = _measured(project, champion.arm.run).speed
    if speed is None:
        return None
    folder = RunFolder(project.workspace.run_folder(champion.arm.run))
    seconds, answers = outcome_of(folder).seconds, len(project.load_dataset().answers)
    return running_costs(prices, speed, answers, seconds, reindexed=not is_query_side(folder))


@asks(EXPORT_FILES)
def deployment_of(project: Project, language: str) -> DeploymentFacts:
    """Return what the deployment sheet of the champion says.

    Raises
    ------
    ExportError
        If no tuned model is in use, or its answers are read by a second model.
    """
    champion = champion_to_deploy(project)
    if champion is None:
        raise ExportError(
            "No tuned model is in use. Take one into use on Compare, or name a version champion "
            "on the page Pilot."
        )
    run = champion.arm.run
    folder = RunFolder(project.workspace.run_folder(run))
    if tune_request(folder).tuning.answer_model:
        raise ExportError(
            "Questions and answers are read by two models here, which no model server serves as "
            "one. Use the model folder with sentence-transformers instead."
        )
    by_base = is_query_side(folder)
    export = usable_export(project, run)
    known, prices = _measured(project, run), prices_of(project)
    costs = costs_of(project, champion, prices)
    seconds = 0.0 if by_base else costs.reindex_seconds if costs else None
    title = Wording(language).tm(arm_title(project, champion.arm))
    return DeploymentFacts(
        project.name,
        title,
        champion.version,
        model_facts(folder.model, champion.arm.model, export, by_base=by_base),
        pooling_of(folder.model),
        len(project.load_dataset().answers),
        seconds,
        _verdict(known.comparison),
        prices,
        costs,
        _benefit(project, known.comparison),
        small_forms(project, run),
    )


def _verdict(comparison: Comparison | None) -> tuple[Message, ...]:
    if comparison is None:
        return (Message(N_("It was not compared with its base model.")),)
    found = [of_hundred(comparison, regime) for regime in present_regimes(comparison)]
    return tuple(said for one in found if one for said in (headline(one), meaning(one)))


def _benefit(project: Project, comparison: Comparison | None) -> tuple[Message, ...]:
    saved = None if comparison is None else savings_of(project, comparison)
    if saved is None:
        return ()
    values = {
        "low": f"{saved.low.money:,.0f}",
        "high": f"{saved.high.money:,.0f}",
        "currency": saved.inputs.currency,
    }
    return (Message(_WORTH, values),)


# Smaller forms.


@asks(START)
def launch_smaller(project: Project, run: str, who: str, start: Start = IN_BACKGROUND) -> str:
    """Start a job that makes the smaller forms of a model and measures them; returns its id.

    Raises
    ------
    ExportError
        If the model folder is gone.
    """
    if not RunFolder(project.workspace.run_folder(run)).model.is_dir():
        raise ExportError("The model folder of the run {run} is gone.", run=run)
    request = SmallFormsRequest(project.dataset_id or "", run)
    return launch_job(project, SMALLER, request, who, start=start)


def smaller_step(folder: RunFolder, asked: SmallFormsRequest, report: Reporter) -> SmallFormsResult:
    """Worker step: make each form, and search the held-out questions with it and with the model."""
    from core.evaluation.systems import held_out_rows
    from core.experts.encoding import encode_with, has_two_models, load_model
    from core.experts.folders import read_folder
    from core.reporting.onnx_export import go_on
    from core.reporting.small_forms import (
        INT8_FOLDER,
        STATIC_FOLDER,
        int8_form,
        measured_form,
        megabytes,
        static_form,
    )

    workspace = workspace_of(folder)
    tuned = RunFolder(workspace.run_folder(asked.tune_run))
    if is_query_side(tuned):
        raise ExportError(
            "Answers keep the vectors of the base model here, which a smaller form would not fit."
        )
    dataset, model = workspace.load_dataset(asked.dataset_id), load_model(tuned.model, "cpu")
    if has_two_models(model):
        raise ExportError("Questions and answers are read by two models here: neither is smaller.")
    stated = read_folder(tuned.model).prompts
    prompts, rows = (stated.get(QUERY, ""), stated.get(DOCUMENT, "")), held_out_rows(dataset)
    full = megabytes(tuned.model)

    def whole(texts: object, prompt: str) -> np.ndarray:
        return np.asarray(encode_with(model, texts, prompt))  # type: ignore[arg-type]

    forms = []
    makers = ((INT8, int8_form, INT8_FOLDER), (DISTILLED, static_form, STATIC_FOLDER))
    for place, (key, make, name) in enumerate(makers):
        go_on(report, place / len(makers), Message(FORM_TITLES[key]))
        target = folder.root / name
        try:
            form = make(model, target)
            size = (megabytes(target), full)
            forms.append(measured_form(key, form, whole, dataset, rows, prompts, size))
        except ExportError as error:
            report.warning(error.message)
            forms.append(SmallForm(key, failure=error.message))
    return SmallFormsResult(asked.tune_run, tuple(forms))


def smaller_job(project: Project, run: str) -> JobView | None:
    """Return the newest such job of a model on the present data, None where there is none."""
    for view in jobs_of(project, SMALLER):
        try:
            asked: SmallFormsRequest = request_of(view)
        except WorkspaceError:
            continue  # nobody can tell what a damaged one made
        if (asked.tune_run, asked.dataset_id) == (run, project.dataset_id):
            return view
    return None


def small_forms(project: Project, run: str) -> tuple[SmallForm, ...]:
    """Return the smaller forms of a model, empty before they were made."""
    view = smaller_job(project, run)
    if view is None or view.state != FINISHED:
        return ()
    try:
        result: SmallFormsResult = outcome_of(RunFolder(project.workspace.run_folder(view.id)))
    except WorkspaceError:
        return ()
    return result.forms


def form_archive(project: Project, run: str, key: str, language: str) -> Path:
    """Return where the archive of a smaller form lies, made or not."""
    view = smaller_job(project, run)
    made = view.id if view else run
    return project.workspace.layout.exports / Path(made).name / f"{key}_{language}.zip"


@asks(EXPORT_FILES)
def write_form_zip(project: Project, run: str, form: SmallForm, language: str) -> Path:
    """Pack a smaller form with what was measured and how it is used; returns the archive's path.

    Raises
    ------
    ExportError
        If the files of the form are gone.
    """
    from core.reporting.small_forms import write_form

    folder = form_folder(project, run, form.key)
    if folder is None or form.failure is not None:
        raise ExportError("This smaller form is gone. Make and measure the smaller forms again.")
    tuned = RunFolder(project.workspace.run_folder(run))
    facts = model_facts(tuned.model, tune_request(tuned).tuning.base_model)
    path = form_archive(project, run, form.key, language)
    with atomic_file(path) as file:
        write_form(file, folder, form, facts, language)
    return path


def form_folder(project: Project, run: str, key: str) -> Path | None:
    """Return where a smaller form lies, None where it was not made."""
    from core.reporting.small_forms import INT8_FOLDER, STATIC_FOLDER

    view = smaller_job(project, run)
    if view is None:
        return None
    name = {INT8: INT8_FOLDER, DISTILLED: STATIC_FOLDER}[key]
    folder = project.workspace.run_folder(view.id) / name
    return folder if folder.is_dir() else None
