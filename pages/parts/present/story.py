"""What the story is told of: a project, and the comparison that the address or the newest says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from core.journey import labels
from core.journey.compare import by_what_counts, comparison_stamp, load_comparison
from core.journey.jobs import COMPARE, JobView, request_of
from core.journey.labels import LabelPreview
from core.journey.projects import Project, finished_runs, scored_experts
from core.journey.tune import TuningRun, tuning_runs
from core.types import Comparison, QADataset
from core.types.recipes import SavedRecipe
from pages.parts import session
from pages.parts.cached import cached
from pages.parts.deep_links import RUN
from pages.parts.translate import t


class MissingPartError(Exception):
    """A slide has nothing to show: what is missing, and the stop where it comes from.

    Parameters
    ----------
    said : str
        Translated sentence.
    stop : str
        Key of the stop.
    selection : mapping, optional
        What the link to it carries besides, for example the tab.
    """

    def __init__(self, said: str, stop: str, selection: Mapping[str, str] | None = None) -> None:
        super().__init__(said)
        self.said, self.stop, self.selection = said, stop, selection or {}


@dataclass(frozen=True)
class Story:
    """The project on the stage; what it has not come to raises :class:`MissingPartError`."""

    project: Project

    @property
    def dataset(self) -> QADataset:
        """The data."""
        if self.project.dataset_id is None:
            raise MissingPartError(t("No questions and answers have been uploaded yet."), "data")
        return session.dataset_of(self.project.dataset_id)

    @property
    def experts(self) -> tuple[str, ...]:
        """Keys of the experts that scored."""
        dataset, experts = self.dataset, scored_experts(self.project)
        if not experts:
            raise MissingPartError(
                t(
                    "No expert has scored these {count} questions yet.",
                    count=len(dataset.questions),
                ),
                "experts",
            )
        return experts

    def preview(self, recipe: labels.LabelRecipe) -> LabelPreview:
        """Return the labels of a recipe on the sample of the Labels page; no test question."""
        project, dataset = self.project, self.dataset
        changed = labels.overrides(project)

        def made() -> LabelPreview:
            model = labels.label_model(project.workspace, dataset, recipe, changed)
            sample = labels.inspection_sample(project.workspace, dataset, recipe.experts)
            return LabelPreview(model, sample)

        root = str(project.workspace.layout.root)
        return cached(made, "labels on the stage", root, dataset.id, repr(recipe), changed)

    @property
    def recipe(self) -> SavedRecipe:
        """The recipe in use."""
        assert self.experts  # else that is what is missing
        saved = labels.recipe_in_use(self.project)
        if saved is None:
            raise MissingPartError(
                t("The experts have scored, but no labels are in use yet."), "labels"
            )
        return saved

    @property
    def run(self) -> TuningRun:
        """The tuning run of the comparison, else the newest that learned from these labels."""
        assert self.recipe
        runs = [run for run in tuning_runs(self.project) if run.is_of(self.project.dataset_id)]
        judged = self._judged()
        of_comparison = request_of(judged).tune_run if judged else st.query_params.get(RUN)
        going_on = next((run for run in runs[:1] if not run.job.is_final), None)
        linked = next((run for run in runs if run.job.id == of_comparison), None)
        found = going_on or linked or next(iter(runs), None)
        if found is None:
            raise MissingPartError(
                t("The labels are ready; no model has learned from them yet."), "tune"
            )
        return found

    @property
    def comparison(self) -> Comparison:
        """Before and after, with what counts here."""
        assert self.recipe
        judged = self._judged()
        if judged is None:
            stop = "compare" if tuning_runs(self.project) else "tune"
            raise MissingPartError(t("No tuned model has been compared with its base yet."), stop)
        workspace, run = self.project.workspace, judged.id
        return cached(
            lambda: by_what_counts(self.project, load_comparison(workspace, run), self.dataset),
            "comparison on the stage",
            str(workspace.layout.root),
            run,
            comparison_stamp(workspace, run),
            repr(self.project.state.what_counts),
        )

    def _judged(self) -> JobView | None:
        """Return the comparison of the link (its own id, or that of its model), else the newest."""
        judged, linked = finished_runs(self.project, COMPARE), st.query_params.get(RUN)
        named = (job for job in judged if linked in (job.id, request_of(job).tune_run))
        return next(named, next(iter(judged), None))
