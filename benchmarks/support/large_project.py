"""A made-up project of any size, walked through to its report without a browser.

``python benchmarks/support/large_project.py FOLDER [QUESTIONS] [ANSWERS]`` (default 10000 and 5000)
leaves a workspace in FOLDER. The texts are words of the sample data thrown together, half of each
question taken from its answer; everything else is the product's own work: import with flawed rows,
scoring by three bundled experts, a recipe with corrections, a short tuning run, and a comparison.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from core.jobs.folder import RunFolder, create_run  # noqa: E402
from core.jobs.launch import log_tail  # noqa: E402
from core.journey import data, labels, steps, tune  # noqa: E402
from core.journey.jobs import COMPARE, SCORE, TUNE, new_run_id  # noqa: E402
from core.types import CompareRequest, QADataset  # noqa: E402
from core.types.tuning_config import TuningConfig  # noqa: E402
from core.workspace.records import RunRecord, now  # noqa: E402
from core.workspace.workspace import Project, Workspace  # noqa: E402

QUESTIONS, ANSWERS = 10_000, 5_000
EXPERTS = ("wordllama-l2-supercat-256", "bm25", "tfidf")
CATEGORIES = ("billing", "delivery", "returns", "account", "products", "stores", "warranty")
SOURCES = ("e-mail", "chat", "contact form", "telephone")
_FLAWED_SHARE = 0.02
_CORRECTIONS = 300
_WHO = "benchmark"


@dataclass(frozen=True)
class LargeProject:
    """Where everything is.

    Attributes
    ----------
    root : Path
        The workspace.
    project : str
    tune_run, compare_run : str
        Run ids.
    """

    root: Path
    project: str
    tune_run: str
    compare_run: str


def words() -> np.ndarray:
    """Return the distinct words of the English sample."""
    text = (ROOT / "sample_data" / "shop_faq_en.csv").read_text(encoding="utf-8-sig")
    return np.array(sorted(set(re.findall(r"[a-z]{3,}", text.casefold()))))


def made_up_file(questions: int, answers: int, seed: int = 0) -> bytes:
    """Return a CSV of distinct questions on distinct answers, and 2 % rows with a flaw."""
    rng = np.random.default_rng(seed)
    known = words()
    # A few words are frequent and most are rare, as in any language.
    weights = 1.0 / np.arange(5, len(known) + 5)
    chances = rng.permutation(weights / weights.sum())

    def some(low: int, high: int) -> list[str]:
        return rng.choice(known, rng.integers(low, high), p=chances).tolist()

    told = [some(15, 90) for _ in range(answers)]
    rows = []
    for number in range(questions):
        answer = number % answers
        own = rng.choice(told[answer], rng.integers(3, 8)).tolist()
        asked = rng.permutation([*own, *some(3, 8)]).tolist()
        rows.append(
            (
                f"{' '.join(asked).capitalize()}, order {number}?",
                f"{' '.join(told[answer]).capitalize()}, article {answer}.",
                CATEGORIES[answer % len(CATEGORIES)],
                SOURCES[number % len(SOURCES)],
            )
        )
    for number in range(int(questions * _FLAWED_SHARE)):
        question, answer, *rest = rows[rng.integers(questions)]
        flaw = (("", answer), (question, ""), (question, answer))[number % 3]
        rows.append((*flaw, *rest))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["question", "answer", "category", "source"])
    writer.writerows(rows)
    return text.getvalue().encode()


def build(root: Path, questions: int = QUESTIONS, answers: int = ANSWERS) -> LargeProject:
    """Walk the whole journey in a new workspace.

    Parameters
    ----------
    questions, answers : int
        How many of each.
    """
    workspace = Workspace.open(root)
    project = workspace.create_project("Large project", _WHO)
    content = made_up_file(questions, answers)
    dataset = data.import_file(project, content, "made_up.csv", who=_WHO)
    assert (len(dataset.questions), len(dataset.answers)) == (questions, answers)
    project = workspace.project(project.id)
    config: dict[str, object] = {"dataset_id": dataset.id, "experts": list(EXPERTS)}
    _work(workspace, project, SCORE, config)
    labels.save_recipe(project, "Default", labels.default_recipe(EXPERTS), _WHO)
    _correct(workspace, project, dataset)
    settings = TuningConfig(base_model=EXPERTS[0], epochs=1, max_length=96)
    tuned = _work(workspace, project, TUNE, asdict(tune.tuning_request(project, settings)))
    _lengthen(RunFolder(workspace.run_folder(tuned)), questions)
    asked = CompareRequest(dataset.id, tuned, EXPERTS[0], EXPERTS)
    compared = _work(workspace, project, COMPARE, asdict(asked))
    return LargeProject(root, project.id, tuned, compared)


def _lengthen(folder: RunFolder, lines: int) -> None:
    """Give a run the story of one that took hours: a line of progress every few tenths of a second.

    Parameters
    ----------
    lines : int
        How many lines are put before the last one of progress.
    """
    story = folder.events.read_bytes().splitlines(keepends=True)
    place = max(i for i, line in enumerate(story) if b'"event": "progress"' in line)
    folder.events.write_bytes(b"".join([*story[:place], *[story[place]] * lines, *story[place:]]))


def _correct(workspace: Workspace, project: Project, dataset: QADataset) -> None:
    """Leave some hundred corrections of single pairs."""
    rng = np.random.default_rng(1)
    for question in rng.permutation(dataset.rows("train"))[:_CORRECTIONS]:
        asked, told = dataset.questions[question], dataset.answers[rng.integers(ANSWERS // 16)]
        labels.override_pair(project, asked, told, 0.3, _WHO, "made up")


def _work(workspace: Workspace, project: Project, kind: str, config: dict[str, object]) -> str:
    """Do a job in this process; returns its run id."""
    run_id = new_run_id(kind)
    request = {
        "kind": kind,
        "project_id": project.id,
        "config": config,
        "who": _WHO,
        "created_at": now(),
    }
    folder: RunFolder = create_run(workspace.run_folder(run_id), request)
    workspace.records.add_run(RunRecord(run_id, project.id, kind, now()))
    began = time.perf_counter()
    if steps.work(folder.root):
        raise RuntimeError(log_tail(folder))
    sys.stderr.write(f"{kind}: {time.perf_counter() - began:.1f} s\n")
    return run_id


def main() -> None:
    """Build one and print where it is."""
    root, *sizes = sys.argv[1:]
    made = build(Path(root), *map(int, sizes))
    print(json.dumps(asdict(made), default=str))


if __name__ == "__main__":
    main()
