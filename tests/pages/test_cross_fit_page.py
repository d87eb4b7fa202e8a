"""The cross-fitted verdict in the app: chosen by itself, shown while it runs, on Compare after."""

from __future__ import annotations

import csv
import io

import pytest

from core.cli.options import main
from core.jobs import launch
from core.journey import cross_fit, data, experts as scoring, labels
from core.journey.jobs import jobs_of
from core.journey.report import exported_report, write_report
from core.tuning.presets import PRESETS
from core.workspace.workspace import Workspace
from tests.pages.conftest import ROOT, work_in_this_process

EXPERTS = ("wordllama-l2-supercat-256", "bm25")
LOG = (
    *("kayak rental", "are your tents waterproof", "student discount", "boots pinch my toes"),
    *("voucher expired", "stove gas refill", "blue rucksack 40l", "climbing course for kids"),
    *("invoice with vat number", "parcel at the neighbours", "wax for jackets", "opening hours"),
)


def bare_faq(count: int) -> bytes:
    """Return the first question of each of the first answers of the sample: a usual FAQ."""
    with (ROOT / "sample_data" / "shop_faq_en.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    firsts = {row["answer"]: row for row in reversed(rows)}
    text = io.StringIO()
    writer = csv.DictWriter(text, ["question", "answer"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(list(reversed(firsts.values()))[:count])
    return text.getvalue().encode()


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A bare FAQ of 24 entries, walked to its cross-fitted verdict with a real, small model."""
    root = tmp_path_factory.mktemp("bare") / "workspace"
    workspace = Workspace.open(root)
    project = workspace.create_project("Bare FAQ", "Mika")
    data.import_file(project, bare_faq(24), "faq.csv", who="Mika")
    project = workspace.project(project.id)
    log = data.read_questions("\n".join(LOG).encode(), "log.txt")
    data.add_open_questions(project, log, who="Mika")
    project = workspace.project(project.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.setattr(launch, "_start", work_in_this_process)
        scoring.launch_scoring(project, EXPERTS, "Mika")
        labels.save_recipe(project, "First recipe", labels.default_recipe(EXPERTS), "Mika")
        settings = {"device": "cpu", "questions_per_batch": 8}
        config = PRESETS["quick"].config(base_model=EXPERTS[0], **settings)
        run = cross_fit.launch_cross_fit(project, config, "Mika")
    return root, project, cross_fit.cross_fit_outcome(workspace, run)


def said(at) -> str:
    """Return every text of a page."""
    parts = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error]
    return "\n".join(part.value for part in parts).replace("\\", "")  # Markdown's escapes


def test_a_bare_faq_is_tested_by_folds_by_itself(judged, app, monkeypatch):
    """With 24 questions one split tests five: a verdict nobody could use."""
    root, project, _ = judged
    launched = []
    monkeypatch.setattr(launch, "_start", lambda folder, _environment=None: launched.append(folder))
    at = app(root, "tune", project.id)
    way = at.session_state[f"verdict_way_{project.dataset_id}"]
    assert way == "cross-fit" and "11 runs" in said(at)
    assert "judge all 24 questions" in said(at)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_folds_and_delivered_model_are_shown(judged, app, language):
    root, project, _ = judged
    at = app(root, None, project.id, language)
    at.query_params["view"] = "verdict"
    at.switch_page("pages/tune.py").run()
    assert not at.exception
    (folds,) = [frame.value for frame in at.dataframe if "fold" in frame.value]
    assert len(folds) == 10 and folds["unseen_n"].sum() == 24
    assert list(folds.columns).count("known_n") == 0  # one question per answer
    text = said(at)
    if language == "en":
        assert "Every question was tested by one of 10 models" in text
        assert "learned from all questions" in text


@pytest.mark.parametrize("language", ["en", "ja"])
def test_compare_shows_the_verdict_over_all_questions(judged, app, language):
    root, project, _ = judged
    at = app(root, "compare", project.id, language)
    assert not at.exception and not at.error
    text = said(at)
    assert [button for button in at.button if button.key == "promote"] or "Better not" in text
    assert not [button for button in at.button if button.key == "start_comparison"]
    if language == "en":
        assert "Every one of the 24 questions was a test question: 10 models" in text
        assert "no question is left to test that very model" in text
        assert "“Known answers, new wording” was not tested" in text
        assert "on 24 held-out questions" in text


def test_the_report_says_how_it_was_tested(judged):
    root, _, done = judged
    workspace = Workspace.open(root)
    project = workspace.projects()[0]
    for language in ("en", "ja"):
        write_report(project, done.compare_run, language, "Mika")
    page = exported_report(workspace, done.compare_run, "en").read_text("utf-8")
    assert "Every one of the 24 questions was a test question" in page
    assert "--verdict cross-fit" in page
    ja = exported_report(workspace, done.compare_run, "ja").read_text("utf-8")
    assert "24件の質問すべてをテストに使いました" in ja


def test_the_command_line_takes_folds_by_itself_and_says_why(tmp_path, monkeypatch, capsys):
    import json

    monkeypatch.delenv("DATABASE_URL", raising=False)
    file = tmp_path / "faq.csv"
    file.write_bytes(bare_faq(20))
    words = ["--base", EXPERTS[0], "--preset", "quick", "--experts", ",".join(EXPERTS)]
    root = tmp_path / "workspace"
    assert main(["run", str(file), *words, "--workspace", str(root), "--json"]) == 0
    out = capsys.readouterr()
    told = json.loads(out.out.splitlines()[-1])
    assert (told["way"], told["folds"]) == ("cross-fit", 10)
    assert told["verdict"]["unseen"]["questions"] == 20 and "known" not in told["verdict"]
    assert "verdict: Every question is tested, in 10 folds, because one split would keep" in out.err
    assert "0 questions on known answers and 4 on unseen ones" in out.err
    assert "experts: WordLlama l2-supercat-256, BM25 (as named)" in out.err
    assert "labels: Each expert counts by how well it tells right answers from others" in out.err
    assert "known right answers count 50%" in out.err
    assert "  fold 10: unseen" in out.err
    assert "delivered: learned from all questions" in out.err
    assert "Every one of the 20 questions was a test question" in out.out
    kinds = [job.kind for job in jobs_of(Workspace.open(root).projects()[0])]
    assert sorted(kinds) == ["compare", "cross_fit", "score", "tune"]


def test_the_form_says_how_many_open_questions_a_run_learns_from(judged, app, monkeypatch):
    root, project, _ = judged
    monkeypatch.setattr(launch, "_start", lambda folder, _environment=None: None)
    at = app(root, "tune", project.id)
    assert "Each pass learns from all 12 open questions" in said(at)
    weight = at.number_input(key="setting_balanced_open_weight")
    weight.set_value(0.0).run()
    assert "none of the 12 open questions" in said(at)


def test_labels_show_the_candidates_of_an_open_question_with_each_score(judged, app):
    root, project, _ = judged
    at = app(root, "labels", project.id)
    at.session_state["label_tabs"] = "Open questions"
    at.run()
    assert not at.exception and not at.error
    listed, found = (table.value for table in at.dataframe)
    assert set(listed["Question"]) == set(LOG)
    assert at.text[0].value == listed["Question"][0]
    assert len(found) == 6 and found["label"].is_monotonic_decreasing
    scores = found[["0", "1"]]  # one column per expert
    assert ((scores >= 0) & (scores <= 100)).all(axis=None) and scores["0"].nunique() > 1


def test_open_questions_count_among_the_planned_steps_where_they_are_learned_from(judged):
    """Folds ended "after step 6 of 2", and the delivered model learned for too long."""
    _, project, _ = judged
    (one,) = cross_fit.cross_fits(project)
    found = cross_fit.cross_fit_so_far(project.workspace, one)
    assert len(found.folds) == 10 and found.end.share <= 1
    for fold in found.folds:
        result = fold.result
        assert result.best_step <= result.steps <= result.planned  # fewer steps: stopped early
        alone = -(-result.questions // 8)  # steps for the questions with an answer
        assert (result.planned == alone) == ("open_share" in result.left_out)


@pytest.mark.parametrize("page", ["tune", "compare", "report"])
def test_a_link_to_a_run_that_is_not_there_says_so(judged, app, page):
    """It silently showed the newest run, which the sender of the link did not mean."""
    root, project, done = judged
    at = app(root, None, project.id)
    at.query_params["run"] = "tune-19990101-000000-gone"
    at.switch_page(f"pages/{page}.py").run()
    assert not at.exception
    assert any("The link names a run" in warning.value for warning in at.warning)
    at = app(root, None, project.id)
    at.query_params["run"] = done.tune_run
    at.switch_page(f"pages/{page}.py").run()
    assert not any("The link names a run" in warning.value for warning in at.warning)
