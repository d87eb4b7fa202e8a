"""The report of a comparison, as a page and as a workbook: load, write to ``exports/``, record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.data.personal.recognition import PERSONAL_DATA
from core.documents import to_json
from core.errors import AppError, WorkspaceError
from core.experts.catalogue import catalogue, expert_title, find_entry
from core.jobs.folder import RunFolder
from core.journey.compare import by_what_counts, load_comparison, load_examination
from core.journey.data import import_report
from core.journey.decisions import RISK_LEVELS, RISK_QUESTIONS, savings_of
from core.journey.experts import load_expert_scores, scoring_result
from core.journey.jobs import COMPARE, CROSS_FIT, KINDS, SCORE, TUNE, job, outcome_of, request_of
from core.journey.labels import LabelPreview, inspection_sample, label_model
from core.journey.people.voting import opened_votes
from core.journey.personal import check_sharing, found_in, told
from core.journey.pilot.versions import promotion
from core.journey.sending import SENDING_NOTE, TEACHING_TITLES, confirmed_terms, terms_sheets
from core.labels.judges import gates
from core.messages import N_, Message, N_n
from core.reporting.paper import can_print as can_print
from core.reporting.repeat_command import Repeat, repeat_command
from core.reporting.report_content import ModelOrigin, RegimeResults, ReportContent, Sending, Step
from core.reporting.report_facts import ReportSources, hashes, regime_results, report_content
from core.types import Comparison, LabelRecipe, QADataset
from core.types.expert_entry import ANY_LANGUAGE
from core.types.project import ReportMade
from core.types.rights import EXPORT_FILES
from core.types.scoring import ScoredExperts, ScoringResult
from core.types.tuning import TuneRequest, TuningResult
from core.workspace.files import write_bytes
from core.workspace.records import now
from core.workspace.workspace import Project, Workspace, asks

PAGE, TABLES, PDF = "html", "xlsx", "pdf"  # forms of the report, and how their names end
_RUN_TITLES = {
    SCORE: N_("Run: experts score"),
    TUNE: N_("Run: tune"),
    CROSS_FIT: N_("Run: every question tested"),
    COMPARE: N_("Run: compare"),
}


@dataclass(frozen=True, eq=False)
class ReportPreview:
    """What the Report page shows before a report is made.

    Attributes
    ----------
    base_key : str
        Catalogue key of the base model.
    decision : Message
        The verdict over all regimes.
    word : str
        ``better``, ``worse`` or ``not shown``: colours the decision.
    sentences : mapping of regime to Message
        The verdict of each regime.
    refusals : tuple of Message
        Why the tuned model should not replace the base model.
    repeat : Repeat
        The command that repeats the journey, with its files.
    model : Path or None
        Folder of the tuned model, None where it is gone.
    experts : tuple of str
        Keys of the experts whose labels were learned from.
    by_base : bool
        Answers keep the vectors of the base model.
    """

    tune_run: str
    base_key: str
    decision: Message
    word: str
    regimes: tuple[RegimeResults, ...]
    sentences: Mapping[str, Message]
    refusals: tuple[Message, ...]
    hashes: tuple[tuple[str, str], ...]
    repeat: Repeat
    model: Path | None
    experts: tuple[str, ...] = ()
    by_base: bool = False


def preview_stamp(project: Project, compare_run: str) -> tuple[object, ...]:
    """Return what changes whenever :func:`preview` of the same data would; costs no reading.

    Raises
    ------
    WorkspaceError
        If the request of the comparison is missing or damaged.
    """
    workspace = project.workspace
    compared = RunFolder(workspace.run_folder(compare_run))
    tuned = tuned_run(workspace, compare_run)
    counted = str(project.state.what_counts)
    return (compare_run, compared.stamp(), tuned.stamp(), tuned.model.is_dir(), counted)


def preview(project: Project, dataset: QADataset, compare_run: str) -> ReportPreview:
    """Return the decision of a comparison; raises WorkspaceError if its files are damaged."""
    from core.evaluation.verdict import promotion_allowed, sentence
    from core.reporting.advice import decision, overall_word

    workspace = project.workspace
    tuned = tuned_run(workspace, compare_run)
    comparison = by_what_counts(project, load_comparison(workspace, compare_run), dataset)
    request: TuneRequest = request_of(tuned)
    result: TuningResult = outcome_of(tuned)
    regimes = regime_results(comparison)
    words = [regime.main.word for regime in regimes if regime.main]
    runs = _run_titles({TUNE: tuned.root.name, COMPARE: compare_run})
    return ReportPreview(
        tune_run=tuned.root.name,
        base_key=request.tuning.base_model,
        decision=decision(words),
        word=overall_word(words),
        regimes=regimes,
        sentences={regime.key: sentence(regime.main) for regime in regimes if regime.main},
        refusals=tuple(promotion_allowed(comparison)[1]),
        hashes=hashes(dataset, comparison, result.label_id, runs),
        repeat=repeat_command(import_report(workspace, dataset.id), request),
        model=tuned.model if tuned.model.is_dir() else None,
        experts=request.recipe.experts,
        by_base=request.tuning.by_base,
    )


def content_of(project: Project, compare_run: str) -> ReportContent:
    """Return everything the report of a comparison says.

    Raises
    ------
    WorkspaceError
        If the comparison, its tuning run or its data are missing or damaged.
    """
    workspace = project.workspace
    tuned = tuned_run(workspace, compare_run)
    comparison = by_what_counts(project, load_comparison(workspace, compare_run))
    sources = sources_of(project, tuned, comparison)
    examined, promoted = load_examination(workspace, compare_run), promotion(project)
    scored = _scored(project, sources.dataset)
    score_run = scored.run_id if scored else ""
    folds = sources.request.from_cross_fit
    runs = {SCORE: score_run, CROSS_FIT: folds, TUNE: tuned.root.name, COMPARE: compare_run}
    jobs = {SCORE: score_run, CROSS_FIT: folds} if folds else runs  # where the time was spent
    return replace(
        report_content(
            replace(
                sources,
                runs=_run_titles(runs),
                preview=_labels_learned(workspace, sources.dataset, sources.request),
            )
        ),
        steps=step_times(workspace, jobs),
        sendings=_sendings(project),
        votes=opened_votes(project, sources.dataset, tuned.root.name),
        rules=rules_of(project, sources.dataset, sources.request.recipe.experts),
        shape=examined.shape,
        speeds=examined.costs,
        savings=savings_of(project, comparison),
        risk=project.state.risk,
        in_use=promoted if promoted and promoted.run == tuned.root.name else None,
    )


def sources_of(
    project: Project, tuned: RunFolder, comparison: Comparison | None = None
) -> ReportSources:
    """Return what is known of a tuning run, and of a comparison with its base model."""
    workspace = project.workspace
    request: TuneRequest = request_of(tuned)
    result: TuningResult = outcome_of(tuned)
    dataset = workspace.load_dataset(request.dataset_id)
    imported = import_report(workspace, dataset.id)
    return ReportSources(
        name=project.name,
        created_at=now(),
        dataset=dataset,
        import_report=imported,
        personal_data=_personal_data(imported),
        scoring=_scoring(project, dataset),
        request=request,
        result=result,
        origin=origin_of,
        comparison=comparison,
        weights=result.weights or _weights(workspace, dataset, request.recipe),
        judges=_judges(workspace, dataset, request.recipe),
    )


def _judges(workspace: Workspace, dataset: QADataset, recipe: LabelRecipe) -> tuple[Message, ...]:
    """Return what is said of language models as judges; nothing where scores are gone."""
    try:
        scores = load_expert_scores(workspace, dataset, recipe.experts)
    except AppError:
        return ()
    return tuple(gate.told(expert_title(gate.model)) for gate in gates(scores))


def tuned_run(workspace: Workspace, compare_run: str) -> RunFolder:
    """Return the run whose model was compared; raises WorkspaceError if that cannot be read."""
    request = request_of(RunFolder(workspace.run_folder(compare_run)))
    return RunFolder(workspace.run_folder(request.tune_run))


def exported_report(
    workspace: Workspace, compare_run: str, language: str, form: str = PAGE
) -> Path:
    """Return where the report of a comparison lies, whether or not it was made yet."""
    return workspace.layout.exports / Path(compare_run).name / f"report_{language}.{form}"


@asks(EXPORT_FILES)
def write_report(
    project: Project,
    compare_run: str,
    language: str,
    who: str,
    *,
    forms: Sequence[str] = (PAGE, TABLES),
    to_share: bool = True,
) -> Path:
    """Make the report of a comparison anew from what is known now, and record it.

    Parameters
    ----------
    forms : sequence of ``html``, ``xlsx`` or ``pdf``
        At least one.
    to_share : bool
        False for a file that stays on this machine.

    Returns
    -------
    Path
        Of the first form.

    Raises
    ------
    DataError
        If it is to be shared and holds personal data that nobody gave leave for, or cannot be
        printed.
    """
    from core.reporting.html_report import render
    from core.reporting.paper import printed
    from core.reporting.workbook import decision_workbook

    if to_share:
        check_sharing(project)
    content = content_of(project, compare_run)
    make: Mapping[str, Callable[[], bytes]] = {
        PAGE: lambda: render(content, language).encode(),
        TABLES: lambda: decision_workbook(content, language),
        PDF: lambda: printed(render(content, language)),
    }
    for form in forms:
        write_bytes(exported_report(project.workspace, compare_run, language, form), make[form]())
    path = exported_report(project.workspace, compare_run, language, forms[0])
    made = ReportMade(compare_run, language, path.name)
    project.state.report = made
    project.note("report made", who, to_json(made))
    return path


def origin_of(key: str) -> ModelOrigin:
    """Return what the catalogue knows of a model or an expert; its key where that is nothing."""
    try:
        entry = find_entry(key)
    except AppError:
        return ModelOrigin(key, key)  # a folder of the user that is gone since
    # A model that holds another one's weights rounded comes from where that one does.
    rounded = (e for e in catalogue().values() if key.startswith(f"{e.key}-"))
    return ModelOrigin(
        key=key,
        title=entry.title,
        licence=entry.licence,
        commercial_use=entry.commercial_use,
        repo=entry.repository or next((e.repository for e in rounded if e.repository), None),
        note=entry.meaning,
        prompts=entry.prompts,
        languages=tuple(code for code in entry.languages if code != ANY_LANGUAGE),
    )


Rules = tuple[tuple[str, tuple[Message, ...]], ...]  # title, sentences


def rules_of(project: Project, dataset: QADataset, experts: Sequence[str]) -> Rules:
    """Return what is known and was decided about personal data, terms and risks, in sentences."""
    rules, risk = [*facts_of(project, dataset, experts)], project.state.risk
    if risk is not None:
        for key, (question, _) in RISK_QUESTIONS.items():
            rules.append((question, (Message("{answer}", {"answer": getattr(risk, key)}),)))
        signed = Message(N_("Assessed by {who} on {at}."), {"who": risk.who, "at": risk.at[:10]})
        rules.append((N_("What remains"), (Message(RISK_LEVELS[risk.level]), signed)))
    return tuple(rules)


def facts_of(project: Project, dataset: QADataset, experts: Sequence[str]) -> Rules:
    """Return what the project itself tells about personal data and the experts' terms."""
    found, leave = found_in(dataset), project.state.sharing_leave
    removed: Mapping[str, Any] = (
        import_report(project.workspace, dataset.id).get("summary", {}).get("personal_removed", {})
    )
    personal = [*told(found)] or [Message(N_("None was found in these data."))]
    if removed:
        rows = sum(int(kind["count"]) for kind in removed.values())
        personal.append(
            Message(
                N_n(
                    "Masked or left out before: {count} row.",
                    "Masked or left out before: {count} rows.",
                ),
                {"count": rows},
            )
        )
    if found and leave is not None and leave.dataset_id == dataset.id:
        values = {"who": leave.who, "at": leave.at[:10], "reason": leave.reason}
        personal.append(Message(N_("{who} allowed on {at} that they are shared: {reason}"), values))
    confirmed, terms = confirmed_terms(project), []
    for sheet in terms_sheets(project, experts):
        word = confirmed.get(sheet.id)
        terms += [
            Message("{title}", {"title": f"{sheet.title} ({sheet.licence or '–'})"}),
            sheet.goes_to,
            Message(TEACHING_TITLES[sheet.teaching]),
        ]
        if word is not None:
            values = {"who": word.who, "at": word.at[:10]}
            terms.append(Message(N_("Confirmed by {who} on {at}."), values))
    facts = ((N_("Personal data"), tuple(personal)), (N_("Terms of the experts"), tuple(terms)))
    return tuple((title, sentences) for title, sentences in facts if sentences)


def _run_titles(runs: Mapping[str, str]) -> dict[str, str]:
    return {_RUN_TITLES[kind]: run for kind, run in runs.items() if run}


def step_times(workspace: Workspace, runs: Mapping[str, str]) -> tuple[Step, ...]:
    """Return how long the jobs took, by kind; jobs whose folder is gone are left out."""
    steps = []
    for kind, run in runs.items():
        if not run:
            continue
        try:
            steps.append(Step(KINDS[kind].done, job(workspace, run).seconds))
        except WorkspaceError:
            continue
    return tuple(steps)


def _sendings(project: Project) -> tuple[Sending, ...]:
    """Return every confirmed sending of texts to an API, oldest first."""
    sendings = []
    for note in project.workspace.records.audit_trail(project.id):
        if note["what"] != SENDING_NOTE:
            continue
        detail = note["detail"]
        cost = detail.get("cost")
        sendings.append(
            Sending(
                host=str(detail.get("host", "")),
                model=str(detail.get("model", "")),
                texts=sum(int(detail.get(kind, 0)) for kind in ("questions", "answers", "pairs")),
                cost=None if cost is None else float(cost),
                who=str(note["who"]),
                at=str(note["at"]),
            )
        )
    return tuple(sendings)


def _scored(project: Project, dataset: QADataset) -> ScoredExperts | None:
    scored = project.state.scored
    return scored if scored and scored.dataset_id == dataset.id else None


def _scoring(project: Project, dataset: QADataset) -> ScoringResult:
    scored, workspace = _scored(project, dataset), project.workspace
    if scored is None:
        return ScoringResult()
    there = scored.run_id and RunFolder(workspace.run_folder(scored.run_id)).result.is_file()
    return scoring_result(workspace, scored) if there or scored.measured else ScoringResult()


def _personal_data(imported: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """Return title and rows of every kind of personal data that the import noticed."""
    kinds: Mapping[str, Any] = imported.get("summary", {}).get("personal_data", {})
    return tuple(
        (PERSONAL_DATA[key].title, int(kind["count"]))
        for key, kind in kinds.items()
        if key in PERSONAL_DATA and kind["count"]
    )


def _labels_learned(
    workspace: Workspace, dataset: QADataset, request: TuneRequest
) -> LabelPreview | None:
    """Return the labels that a run learned from, on the pairs that the Labels page shows."""
    recipe = request.recipe
    try:
        model = label_model(workspace, dataset, recipe, request.overrides)
        return LabelPreview(model, inspection_sample(workspace, dataset, recipe.experts))
    except AppError:
        return None  # vectors were cleared since: the report leaves these pictures out


def _weights(workspace: Workspace, dataset: QADataset, recipe: LabelRecipe) -> dict[str, float]:
    """Return the weights that the recipe's rule gives its experts."""
    try:
        weights = label_model(workspace, dataset, recipe).weights
    except AppError:
        return {}  # vectors were cleared since: the report leaves the column empty
    return {key: float(weight) for key, weight in zip(recipe.experts, weights, strict=True)}
