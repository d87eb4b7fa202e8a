"""A finished project in which everything that somebody could type is markup."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core.documents import to_json
from core.evaluation.cost import EncodingCost
from core.evaluation.examination import SetResult
from core.evaluation.geometry import SHAPE_MEASURES, ShapeChange
from core.jobs.folder import RunFolder
from core.journey import (
    compare,
    compare_systems,
    decisions,
    experts,
    labels,
    personal,
    rating,
    score_files,
)
from core.journey.people import voting
from core.journey.pilot import versions
from core.messages import Message
from core.types import LabelRecipe, QADataset, SilentReporter
from core.types.comparison import WhatCounts
from core.types.personal_rules import RiskAssessment
from core.types.scoring import ApiConnection, ApiConnections, ChatConnection, ChatConnections
from core.workspace.files import read_json, read_tensors, write_json, write_tensors
from core.workspace.workspace import Project
from tests.pages.test_race_page import made_curve, made_race
from tests.reporting.finished_journey import FinishedJourney, finished_journey, small_dataset

# One of each kind; short enough to stand in a name whole. Begins with a word found nowhere else.
# A name of a file ends at a slash, so that the icon is written in its other way there.
TYPED = "qz1 www.e.io :material/key: &lt; a--b **x** <b>y $z$"
TYPED_CATEGORIES = tuple(f"{topic} {TYPED}" for topic in ("tents", "boots"))
TYPED_NAME = f"Ann {TYPED}"
TYPED_FILE = TYPED.replace("/", "_")


@dataclass(frozen=True)
class _Finished:
    """The journey as the tests of the race know it."""

    made: FinishedJourney

    @property
    def project(self) -> str:
        return self.made.project.id

    def open(self):
        return self.made.workspace

    def run(self, run_id: str) -> Path:
        return self.made.workspace.run_folder(run_id)


def typed_project(root: Path) -> FinishedJourney:
    """Write the project: files, names, notes, reasons, categories, votes and experts."""
    # In a table "&lt;" stands for "<": to come out as it is typed here it is written like that.
    written, *categories = (
        text.replace("&", "&amp;") for text in (f"{TYPED} a@e.io", *TYPED_CATEGORIES)
    )
    imported = small_dataset(written, f"faq {TYPED_FILE}.csv", categories)
    made = finished_journey(
        root, gain=-0.4, evil=TYPED, recipe_name=f"Recipe {TYPED}", imported=imported
    )
    workspace, project = made.workspace, made.project
    dataset = project.load_dataset()
    experts.run_scoring(workspace, dataset, ("bm25", "tfidf"), SilentReporter())
    pair = dataset.questions[0], dataset.answers[1]
    personal.allow_sharing(project, f"Because {TYPED}", TYPED_NAME)
    labels.save_recipe(
        project, f"Second {TYPED}", LabelRecipe(("bm25", "tfidf"), blend=0.5), TYPED_NAME
    )
    _gone_recipe(project)
    labels.override_pair(project, *pair, 0.25, TYPED_NAME, f"Reason {TYPED}")
    rating.rate_pair(project, dataset, (0, 1), TYPED_NAME, 4)
    score_files.add_score_file(
        project, dataset, _scores(dataset), f"Scores {TYPED_FILE}.csv", who=TYPED_NAME
    )
    _examined(made)
    held = dataset.questions[int(compare_systems.held_out_rows(dataset)[0])]
    decisions.add_comment(project, held, f"Comment {TYPED}", TYPED_NAME)
    decisions.report_label(project, (held, dataset.answers[1]), f"Wrong {TYPED}", TYPED_NAME)
    compare_systems.add_run_file(
        project,
        dataset,
        _run_file(dataset),
        f"run {TYPED_FILE}.txt",
        title=f"Search {TYPED}",
        empty_is_nothing=True,
        who=TYPED_NAME,
    )
    compared = compare.load_comparison(workspace, made.compare_run)
    compare.set_what_counts(
        project, WhatCounts(10, (held,), ((TYPED_CATEGORIES[0], 2.0),)), TYPED_NAME
    )
    versions.promote(project, compared, TYPED_NAME, reason=f"All the same {TYPED}")
    decisions.keep_risk(
        project,
        RiskAssessment(*(f"{part} {TYPED}" for part in ("a", "b", "c", "d", "e")), "low"),
        TYPED_NAME,
    )
    connection = ApiConnection(f"API {TYPED}", "https://api.e.io/v1", f"model {TYPED}")
    project.state.api_connections = ApiConnections((connection,), ())
    model = ChatConnection(f"LLM {TYPED}", "https://llm.e.io/v1", f"model {TYPED}", guideline=TYPED)
    project.state.llm_connections = ChatConnections((model,), ())
    workspace.records.set(
        project.id,
        "generality_sets",
        [asdict(compare.GeneralitySet("beir", f"set {TYPED}", "0" * 16, 30, 90))],
    )
    _voted(made, ended=True)
    _voted(made, ended=False)
    made_race(_Finished(made))
    made_curve(_Finished(made))
    return made


def _gone_recipe(project: Project) -> None:
    """Save a recipe whose expert is not there any more, and leave the first one in use."""
    in_use = labels.recipe_in_use(project)
    gone = LabelRecipe(("bm25", f"file:Gone {TYPED}"), rule="mean")
    labels.save_recipe(project, f"Third {TYPED}", gone, TYPED_NAME)
    labels.use_recipe(project, in_use.id, TYPED_NAME)


def _voted(made: FinishedJourney, *, ended: bool) -> None:
    compared = compare.load_comparison(made.workspace, made.compare_run)
    systems = ("base", "tuned")
    vote = voting.start_round(
        made.project,
        compared,
        made.compare_run,
        TYPED_NAME,
        systems=systems,
        questions=4,
        needed=3,
        seed=1,  # what stands in two lists depends on the question that comes first
    )
    for position in vote.positions[:2]:
        voting.cast(made.project, vote, position, TYPED_NAME, "left")
    if ended:
        voting.open_result(made.project, vote, TYPED_NAME)


def _scores(dataset: QADataset) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["question", "answer", "score"])
    for row in range(40):
        right = dataset.right_answers(row)[0]
        writer.writerow([dataset.questions[row], dataset.answers[right], 0.9])
        writer.writerow([dataset.questions[row], dataset.answers[(right + 1) % 24], 0.2])
    return file.getvalue().encode()


def _run_file(dataset: QADataset) -> bytes:
    lines = []
    for row in compare_systems.held_out_rows(dataset):
        question = dataset.question_ids[int(row)]
        for rank in range(10):
            lines.append(f"{question} Q0 {dataset.answer_ids[rank]} {rank + 1} {1 - rank / 20} x")
    return "\n".join(lines).encode()


def _examined(made: FinishedJourney) -> None:
    """Give the comparison a map, other fields and costs."""
    folder = RunFolder(made.workspace.run_folder(made.compare_run))
    compared = compare.load_comparison(made.workspace, made.compare_run)
    costs = [
        EncodingCost(
            *(900.0, 800.0, 950.0, 1.5, 3.0, 90.0, "cpu", 64, 5),
            arm=arm,
            title=f"{arm} {TYPED}",
            kind=arm,
            vectors_mb=1.2,
        )
        for arm in ("base", "tuned")
    ]
    results = [
        SetResult(f"set {TYPED}", "beir", 30, 90, compared.difference("unseen")),
        SetResult(f"gone {TYPED}", "mteb", 0, 0, None, Message("It failed: {why}", {"why": TYPED})),
    ]
    examination = {
        "shape": [asdict(ShapeChange(key, 0.5, 0.4, -0.2, -0.05)) for key in SHAPE_MEASURES],
        "sets": [to_json(one) for one in results],
        "costs": [asdict(one) for one in costs],
        "explained": 0.31,
    }
    points = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    arrays = {
        "map.before": points,
        "map.after": points + 1,
        "map.questions": np.array([0, 1, 2], np.int32),
        "map.answers": np.array([0, 1], np.int32),
    }
    write_tensors(folder.arrays, read_tensors(folder.arrays) | arrays)
    write_json(folder.result, read_json(folder.result) | {"examination": examination})
