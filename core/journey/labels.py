"""Soft labels of a project: recipes, models, previews, and labels that people set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.data.correction_file import (
    COLUMNS as COLUMNS,
    CorrectionFile as CorrectionFile,
    match_corrections,
)
from core.data.reading.formats import read_table
from core.errors import LabelError
from core.evaluation.label_preview import (
    LISTS as LISTS,
    LabelPreview as LabelPreview,
    RecipeComparison as RecipeComparison,
    Review as Review,
    recipe_figures,
)
from core.evaluation.what_if import (
    CHANGES as CHANGES,
    WhatIf as WhatIf,
    what_if as what_if,
)
from core.experts.catalogue import expert_title as expert_title, find_entry
from core.experts.score_file import CLICKS_PREFIX
from core.experts.source import LiveScore as LiveScore
from core.journey.decisions import reported_pairs
from core.journey.experts import load_expert_scores, scoring_context
from core.journey.projects import chosen_recipe_id, scored_experts
from core.journey.uploads import read_apart
from core.labels.bias import FavourMap as FavourMap
from core.labels.drawn_pairs import fitted, pairs_to_fit_on, pairs_to_look_at
from core.labels.groups import (
    ATTRIBUTES as ATTRIBUTES,
    TextGroups as TextGroups,
    groupings as groupings,
)
from core.labels.judges import gates
from core.labels.model import LabelModel
from core.labels.overrides import conflicts, standing, steps_of as steps_of
from core.labels.pair_sample import PairSample, with_pairs
from core.labels.review import Voice as Voice
from core.labels.rules import RULES
from core.messages import Message
from core.progress import Reporter
from core.reporting.spreadsheet import ANY, TEXT, Column, Row, Sheet, workbook
from core.types import LabelRecipe, Override, QADataset
from core.types.recipes import LabelDraft, SavedRecipe
from core.types.rights import CHANGE
from core.types.scoring import LLM_PREFIX
from core.types.tuning import CrossFitRequest, DataCurveRequest
from core.workspace.records import now
from core.workspace.workspace import Project, Workspace, asks

FEWEST_COMPARED, MOST_COMPARED = 2, 4
_GATED = (LLM_PREFIX, CLICKS_PREFIX)  # whom people may have to outweigh
_SHEET = tuple(
    Column(title, width, ANY if title == "label" else TEXT)
    for title, width in zip(COLUMNS, (50, 70, 8, 40, 16, 26), strict=True)
)


def default_recipe(experts: Sequence[str]) -> LabelRecipe:
    """Return the recipe to start from: experts weighted by reliability, half hard label."""
    return LabelRecipe(tuple(experts))


def first_recipe(project: Project, experts: Sequence[str]) -> LabelRecipe:
    """Return the recipe that a project starts from: as in other projects where that was chosen."""
    recipe, start = default_recipe(experts), project.state.label_start
    if start is None or start.rule not in RULES:
        return recipe
    return replace(recipe, rule=start.rule, blend=start.blend)


def label_model(
    workspace: Workspace,
    dataset: QADataset,
    recipe: LabelRecipe,
    overrides: Sequence[Override] = (),
) -> LabelModel:
    """Return the label model of a recipe, from cached vectors.

    Raises
    ------
    ExpertError
        If an expert of the recipe has not scored this dataset.
    LabelError
        If the recipe does not fit.
    """
    scores = load_expert_scores(workspace, dataset, recipe.experts)
    training = pairs_to_fit_on(workspace.pair_files, dataset, scores)
    return LabelModel.fit(dataset, scores, recipe, overrides, training=training)


def expert_weights(project: Project, recipe: LabelRecipe) -> dict[str, float]:
    """Return how much each expert counts in the labels of a recipe; shares that sum to 1."""
    model = label_model(project.workspace, project.load_dataset(), recipe, overrides(project))
    return dict(zip(recipe.experts, model.weights.tolist(), strict=True))


def judges_told(project: Project, experts: Sequence[str]) -> tuple[Message, ...]:
    """Return for each language model among experts whether it may count more than people, and why.

    Raises
    ------
    ExpertError
        If an expert has not scored the present data.
    """
    if not any(key.startswith(_GATED) for key in experts):
        return ()  # as in nearly every project: nothing has to be read
    scores = load_expert_scores(project.workspace, project.load_dataset(), experts)
    return tuple(gate.told(expert_title(gate.model)) for gate in gates(scores))


def labels_of_part(
    workspace: Workspace,
    dataset: QADataset,
    part: QADataset,
    asked: DataCurveRequest | CrossFitRequest,
) -> LabelModel:
    """Return labels fitted on the training questions of a part: the dataset with another split.

    The experts have read the same texts, so nothing is scored again.
    """
    scores = [
        replace(pairs, dataset_id=part.id)  # type: ignore[type-var]
        for pairs in load_expert_scores(workspace, dataset, asked.recipe.experts)
    ]
    return LabelModel.fit(part, scores, asked.recipe, asked.overrides)


def inspection_sample(
    workspace: Workspace, dataset: QADataset, experts: Sequence[str]
) -> PairSample:
    """Return the pairs that the Labels page shows: no question of the test split is among them."""
    scores = load_expert_scores(workspace, dataset, experts)
    return pairs_to_look_at(workspace.pair_files, dataset, scores)


def model_and_sample(
    workspace: Workspace, dataset: QADataset, recipe: LabelRecipe, experts: Sequence[str]
) -> tuple[LabelModel, PairSample]:
    """Return what :func:`label_model` and :func:`inspection_sample` do, in half the time.

    Scores are read once, and pairs are drawn side by side where no one has drawn them yet.

    Raises
    ------
    ExpertError, LabelError
        As those do.
    """
    every = list(dict.fromkeys([*recipe.experts, *experts]))
    scores = dict(zip(every, load_expert_scores(workspace, dataset, every), strict=True))
    panel, shown = ([scores[key] for key in keys] for keys in (recipe.experts, experts))
    return fitted(workspace.pair_files, dataset, recipe, panel, shown)


def draft_of(project: Project, who: str, panel: Sequence[str]) -> LabelRecipe | None:
    """Return the recipe that a person goes on with, None where the default is the beginning.

    What the person set last and did not put to use, else the recipe in use. Where other experts
    were chosen since a draft was kept, these take part.

    Parameters
    ----------
    panel : sequence of str
        Experts that are chosen to take part now.
    """
    draft = project.state.label_draft(project.workspace.person.recorded_as(who))
    if draft is None or draft.dataset_id != project.dataset_id:
        in_use = recipe_in_use(project)
        if in_use is None:
            return first_recipe(project, panel) if panel and project.state.label_start else None
        return in_use.recipe
    if draft.panel != tuple(panel):
        return replace(draft.recipe, experts=tuple(panel))
    return draft.recipe


def live_expert(workspace: Workspace, dataset: QADataset, key: str) -> LiveScore | None:
    """Return what scores one pair of any texts now, None if that expert cannot be asked live."""
    return find_entry(key).live(dataset, scoring_context(workspace, (key,)))


@asks(CHANGE)
def keep_draft(project: Project, recipe: LabelRecipe, panel: Sequence[str], who: str) -> None:
    """Keep what a person set on the Labels page, so that they find it again; nothing uses it yet.

    Parameters
    ----------
    panel : sequence of str
        Experts that are chosen to take part now.
    """
    project.state.keep_label_draft(who, LabelDraft(recipe, str(project.dataset_id), tuple(panel)))


@asks(CHANGE)
def use_labels(project: Project, recipe: LabelRecipe, name: str, who: str) -> SavedRecipe:
    """Make a recipe the one in use, saved under a name unless the same one is saved already."""
    known = next((saved for saved in recipes(project) if saved.recipe == recipe), None)
    if known is None:
        return save_recipe(project, name, recipe, who)
    use_recipe(project, known.id, who)
    return known


@asks(CHANGE)
def save_recipe(project: Project, name: str, recipe: LabelRecipe, who: str) -> SavedRecipe:
    """Save a recipe under a new name and make it the one in use."""
    saved = project.workspace.records.save_recipe(project.id, name, recipe, who)
    _put_in_use(project, saved)
    return saved


def _put_in_use(project: Project, saved: SavedRecipe) -> None:
    project.state.recipe_dataset = project.dataset_id
    project.state.recipe_id = saved.id


@asks(CHANGE)
def use_recipe(project: Project, recipe_id: str, who: str) -> None:
    """Make a saved recipe the one in use; raises LabelError if its experts have not scored."""
    saved = find_recipe(project, recipe_id)
    absent = sorted(set(saved.recipe.experts) - set(scored_experts(project)))
    if absent:
        raise LabelError(
            "The recipe {name} needs scores of {experts}. Let them score the data on the Experts "
            "page first.",
            name=saved.name,
            experts=", ".join(expert_title(key) for key in absent),
        )
    _put_in_use(project, saved)
    project.note("recipe chosen", who, {"recipe": saved.id})


def recipes(project: Project) -> list[SavedRecipe]:
    """Return the saved recipes of a project, newest first."""
    return project.workspace.records.recipes(project.id)


def find_recipe(project: Project, recipe_id: str) -> SavedRecipe:
    """Return a saved recipe; raises LabelError if there is no such recipe."""
    saved = next((saved for saved in recipes(project) if saved.id == recipe_id), None)
    if saved is None:
        raise LabelError("There is no recipe {id} in this project.", id=recipe_id)
    return saved


def recipe_in_use(project: Project) -> SavedRecipe | None:
    """Return the recipe that the next tuning takes, None before one was saved."""
    recipe_id = chosen_recipe_id(project)
    return find_recipe(project, recipe_id) if recipe_id else None


def overrides(project: Project) -> tuple[Override, ...]:
    """Return every override ever made, oldest first; the newest of a pair is in force."""
    return project.workspace.records.overrides(project.id)


@asks(CHANGE)
def override_pair(
    project: Project,
    question: str,
    answer: str,
    value: float | None,
    who: str,
    reason: str,
) -> None:
    """Record a human's word on a pair; ``None`` withdraws an earlier one.

    :mod:`core.labels.overrides` says what holds where several people changed one pair.

    Raises
    ------
    LabelError
        If the value is outside [0, 1] or the reason is missing.
    """
    if value is not None and not 0 <= value <= 1:
        raise LabelError("A label must lie between 0 and 100; {value} does not.", value=value * 100)
    if value is not None and not reason.strip():
        raise LabelError("Say in a few words why, so that others can follow the change.")
    override = Override(question, answer, value, who, reason.strip(), now())
    project.workspace.records.add_override(project.id, override)


def compare_recipes(
    project: Project, chosen: Sequence[SavedRecipe], overrides: Sequence[Override] = ()
) -> RecipeComparison:
    """Apply saved recipes to the same pairs.

    Raises
    ------
    LabelError
        If fewer than two or more than four recipes are chosen.
    ExpertError
        If an expert of a recipe has no scores for this dataset.
    """
    if not FEWEST_COMPARED <= len(chosen) <= MOST_COMPARED:
        raise LabelError(
            "{count} recipes are chosen. Choose {fewest} to {most} to see them side by side.",
            count=len(chosen),
            fewest=FEWEST_COMPARED,
            most=MOST_COMPARED,
        )
    workspace, dataset = project.workspace, project.load_dataset()
    experts = tuple(dict.fromkeys(key for saved in chosen for key in saved.recipe.experts))
    sample = inspection_sample(workspace, dataset, experts)
    figures = tuple(
        recipe_figures(saved, label_model(workspace, dataset, saved.recipe, overrides), sample)
        for saved in chosen
    )
    return RecipeComparison(sample, figures, len(dataset.validation_rows))


@asks(CHANGE)
def undo(project: Project, who: str) -> Override | None:
    """Withdraw this person's newest change; returns it, None where there is none."""
    done = steps_of(overrides(project), who).done
    if not done:
        return None
    override_pair(project, *done[-1].pair, None, who, "")
    return done[-1]


@asks(CHANGE)
def redo(project: Project, who: str) -> Override | None:
    """Make the change again that this person undid last; returns it, None where there is none."""
    undone = steps_of(overrides(project), who).undone
    if not undone:
        return None
    last = undone[-1]
    override_pair(project, *last.pair, last.value, who, last.reason)
    return last


@asks(CHANGE)
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


def open_review(project: Project, preview: LabelPreview) -> Review:
    """Return the pairs at hand, with what people recorded up to this moment."""
    model = preview.model.with_overrides(overrides(project))
    reports = reported_pairs(project)
    sample = with_pairs(
        preview.sample.of_experts(model.recipe.experts),
        preview.dataset,
        model.scores,
        [*standing(model.overrides), *reports],
    )
    return Review(LabelPreview(model, sample), reports)


def write_corrections(changes: Sequence[Override]) -> bytes:
    """Return every value that holds as an XLSX workbook, oldest first."""
    held = (override for values in standing(changes).values() for override in values)
    rows = [
        Row((o.question, o.answer, round((o.value or 0) * 100, 2), o.reason, o.who, o.at))
        for o in sorted(held, key=lambda override: override.at)
    ]
    return workbook([Sheet("labels", _SHEET, rows)], title="labels", language="en")


def read_corrections(
    content: bytes,
    name: str,
    dataset: QADataset,
    on_record: Sequence[Override],
    who: str,
    report: Reporter | None = None,
) -> CorrectionFile:
    """Read an uploaded workbook (or CSV) row by row; nothing is recorded yet.

    Parameters
    ----------
    name : str
        Of the uploaded file, only for messages.
    on_record : sequence of Override
        All records of the project.
    who : str
        Stands for rows without a name.

    Raises
    ------
    DataError
        If the file cannot be read at all.
    LabelError
        If it lacks one of the columns question, answer, label, reason.
    """
    holding = [override for held in standing(on_record).values() for override in held]
    table = read_apart(read_table, content, name, name=name, report=report)
    return match_corrections(table, name, dataset, who, now(), on_record=on_record, holding=holding)


@asks(CHANGE)
def take_corrections(project: Project, file: CorrectionFile, name: str, who: str) -> int:
    """Record the rows of an uploaded workbook and note who took them in; returns how many."""
    for override in file.overrides:
        project.workspace.records.add_override(project.id, override)
    project.note("labels imported", who, {"file": name[:120], "rows": len(file.overrides)})
    return len(file.overrides)
