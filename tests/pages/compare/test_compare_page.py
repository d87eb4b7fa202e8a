"""The Compare page: its words are the comparison's words, and damage is explained."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.evaluation.movements import answer_moves, telling_examples, wins_and_losses
from core.evaluation.of_hundred import headline, meaning, of_hundred, span_text
from core.evaluation.verdict import WORDS, sentence
from core.jobs.folder import RunFolder, append_event
from core.journey.compare import load_comparison
from core.journey.jobs import request_of
from core.types import SystemChoice
from core.workspace.records import RunRecord, now
from core.workspace.workspace import Workspace
from pages.parts.compare import question_box
from tests.as_seen import as_seen
from tests.pages.conftest import open_compare_tab


def texts(at: AppTest) -> str:
    kinds = (at.markdown, at.error, at.warning, at.info, at.success, at.caption)
    shown = "\n".join(element.value for kind in kinds for element in kind)
    # Words that question and answer share are marked; a word holds no bracket.
    return as_seen(re.sub(r":blue-background\[(.*?)\]", r"\1", shown))


def button(at: AppTest, label: str):
    return next((b for b in at.button if b.label == label), None)


def questions_table(at: AppTest):
    """Return the list of held-out questions, as the page shows it."""
    return next(d.value for d in at.dataframe if "what" in d.value.columns)


@pytest.fixture
def comparison(finished_workspace):
    return load_comparison(finished_workspace.open(), finished_workspace.compare_run)


@pytest.fixture
def dataset(finished_workspace, comparison):
    return finished_workspace.open().load_dataset(comparison.dataset_id)


@pytest.fixture
def opened(finished_workspace, app):
    """Open the page, on another tab than the first where one is named."""

    def open_tab(tab: str | None = None) -> AppTest:
        at = app(finished_workspace.root, "compare", finished_workspace.project)
        if tab is not None:
            open_compare_tab(at, tab)
        return at

    return open_tab


def test_empty_workspace_offers_sample_data(tmp_path, app):
    at = app(tmp_path, "compare")
    assert not at.exception and not at.error
    assert any(b.key == "sample_en" for b in at.button)


def test_missing_data_is_named(tmp_path, app):
    project = Workspace.open(tmp_path).create_project("Empty", "me")
    at = app(tmp_path, "compare", project.id)
    assert "Upload your questions and answers first." in texts(at)


def test_deleted_tuning_run_is_a_missing_stop(finished_workspace, opened):
    shutil.rmtree(finished_workspace.run(finished_workspace.tune_run))
    at = opened()
    assert "Fine-tune a model first." in texts(at)
    assert not at.exception and not at.error


def test_model_that_was_not_compared_is_compared_on_click(finished_workspace, opened, launched):
    shutil.rmtree(finished_workspace.run(finished_workspace.compare_run))
    at = opened()
    assert not at.exception and not at.error
    assert button(at, "Make the report") is None
    start = button(at, "Compare")
    assert start.proto.type == "primary"
    start.click().run()
    (folder,) = launched
    told = folder.read_request()["config"]
    assert told["tune_run"] == finished_workspace.tune_run
    assert told["experts"] == ["wordllama-l2-supercat-256", "bm25", "tfidf"]
    assert not at.exception and not at.error
    assert "Comparing before and after" in texts(at) and "Starting" in texts(at)
    assert button(at, "Compare") is None  # a second click must not start a second job


def test_verdict_is_the_comparisons_own(opened, comparison):
    at = opened()
    assert not at.exception and not at.error
    shown = texts(at)
    for regime in ("known", "unseen"):
        difference, found = comparison.difference(regime), of_hundred(comparison, regime)
        assert WORDS[difference.word] in shown
        for said in (headline(found), span_text(found), meaning(found)):
            assert str(said) in shown
        assert "nDCG" not in shown, "the field's terms are in the tooltip and under Advanced"
    pictures = [image.proto.imgs[0] for image in at.image][:2]
    assert len(pictures) == 2 and all("Of 100 customers" in one.alt for one in pictures)
    figures = texts(opened("Verdict in figures"))
    for regime in ("known", "unseen"):
        difference = comparison.difference(regime)
        assert str(sentence(difference)) in figures
        assert f"better on {difference.wins} of these questions" in figures
    assert f"{comparison.generality[0].before:.3f} before" in figures
    assert button(at, "Make the report").proto.type == "primary"
    names = [tab.label for tab in at.tabs]
    assert names[:5] == ["Wins & losses", "Where it helps", "Blind vote", "Money", "Advanced"]


def test_every_system_and_measure_is_in_the_table(opened, comparison):
    at = opened("All systems")
    at.session_state["fold_measures"] = True
    at.run()
    table = next(
        d.value
        for d in at.dataframe
        if len(d.value) == 2 * len(comparison.systems) and d.value.shape[1] == 7
    )
    tuned = comparison.system("tuned")
    known = comparison.regimes == "known"
    row = table[(table["System"] == "After: tuned model")].iloc[0]
    assert row["The first answer is right (top-1)"].startswith(f"{tuned.mean('top1', known):.3f} (")


def test_absent_system_is_named_with_its_reason(finished_workspace, opened):
    """A system that failed must not look as if it had never been asked."""
    file = finished_workspace.run(finished_workspace.compare_run) / "result.json"
    document = json.loads(file.read_text())
    document["absent"] = {"bm25": {"template": "It broke: {why}", "params": {"why": "<i>no</i>"}}}
    file.write_text(json.dumps(document))
    at = opened("All systems")
    assert any("is absent" in info.value and "<i>" not in info.value for info in at.info)


def test_worse_verdict_and_lost_generality_speak_against_use(finished_workspace, opened):
    file = finished_workspace.run(finished_workspace.compare_run) / "result.json"
    document = json.loads(file.read_text())
    for difference in document["differences"]:
        difference |= {"word": "worse", "difference": -0.2, "low": -0.3, "high": -0.1}
    document["generality"][0] |= {"before": 0.8, "after": 0.6}
    file.write_text(json.dumps(document))
    at = opened()
    shown = texts(at)
    assert ":red[" in shown and "Better not use this model" in shown
    assert "Everyday language is understood less well" in shown
    assert "On unseen answers the tuned model is worse by 0.200" in shown


def test_list_is_sorted_and_narrowed(opened, comparison, dataset):
    changes = wins_and_losses(comparison)
    at = opened("Wins & losses")
    shown = questions_table(at)
    assert len(shown) == len(changes)
    lost = [c for c in changes if c.lost]
    assert list(shown["what"])[: len(lost)] == ["✗"] * len(lost), "losses come first"
    at.button_group(key="wins_filter").set_value(["better", "found"]).run()
    gains = questions_table(at)
    assert len(gains) == sum(c.change > 1e-9 or c.found for c in changes) > 0
    for mark in ("↑", "✓"):
        of_kind = gains[gains["what"] == mark]["change"]
        assert of_kind.is_monotonic_decreasing, "each kind begins with its strongest case"
    at.button_group(key="wins_regime").set_value("unseen").run()
    assert set(questions_table(at)["regime"]) == {"Unseen answers"}
    at.button_group(key="wins_filter").set_value(["same"]).run()
    assert (questions_table(at)["change"] == 0).all()
    assert not at.exception


def test_held_out_question_shows_both_lists(opened, comparison, dataset):
    changes = wins_and_losses(comparison)
    chosen = next(c for c in changes if c.before_rank <= 10 and c.after_rank <= 10)
    at = opened("Wins & losses")
    at.session_state["held_out_in_full"] = True
    at.selectbox(key="compare_pick").select(chosen.position).run()
    assert not at.exception
    shown = texts(at)
    assert f"was on rank {chosen.before_rank}, now it is on rank {chosen.after_rank}" in shown
    moves = answer_moves(dataset, comparison, chosen.position)
    assert shown.count(":green-badge") == sum(
        m.right * ((m.before_rank or 99) <= 10) + m.right * ((m.after_rank or 99) <= 10)
        for m in moves
    )
    first = next(m for m in moves if m.after_rank == 1)
    assert dataset.answers[first.answer][:60] in shown


def test_typed_question_finds_what_the_comparison_found(
    monkeypatch, finished_workspace, opened, comparison, dataset
):
    """Live search and measured search must be one and the same, or the page contradicts itself."""
    position = 0
    question = dataset.questions[comparison.question_rows[position]]
    # Asked of the models themselves, and not answered from what the comparison kept.
    monkeypatch.setattr(question_box, "wins_and_losses", lambda _comparison: [])
    monkeypatch.setattr(question_box, "telling_examples", lambda *_about: ([], None))
    at = opened()
    at.session_state["asked_in_full"] = True
    at.text_input(key="compare_typed").set_value(question).run()
    assert not at.exception and not at.error
    for arm in ("base", "tuned"):
        best = comparison.system(arm).top_answers[position, 0]
        assert dataset.answers[best][:60] in texts(at)
    cards = [m.value for m in at.markdown if "score " in m.value and m.value.startswith("**1** ")]
    scores = [float(card.split("score ")[1].rstrip("]")) for card in cards]
    expected = [comparison.system(arm).top_scores[position, 0] for arm in ("base", "tuned")]
    assert np.allclose(scores, expected, atol=0.006)
    at.text_input(key="compare_typed").set_value("<script>alert(1)</script> tent?").run()
    assert "This question is not in your data" in texts(at)
    assert not at.exception and not at.error


def test_wins_and_the_loss_are_asked_by_one_click(opened, comparison, dataset):
    """No model is loaded for them: a presenter does not wait, whatever the machine does."""
    wins, loss = telling_examples(comparison, wins_and_losses(comparison))
    assert len(wins) == 3 and loss is not None
    assert wins[0].change == max(c.change for c in wins_and_losses(comparison))
    at = opened()
    for change in (*wins, loss):
        at.button(key=f"example_{change.position}").click().run()
        assert not at.exception and not at.error
        assert at.text_input(key="compare_typed").value == dataset.questions[change.question]
        shown = texts(at)
        for rank in (change.before_rank, change.after_rank):
            assert f"right answer in place {rank}" in shown
        lists = [image.proto.imgs[0].alt for image in at.image]
        assert any(alt.startswith("Lines from the list before") for alt in lists)


def test_runs_of_the_same_minute_can_be_told_apart(finished_workspace, opened):
    """The browser sends an option's words: equal words would choose the wrong run."""
    other = "tune-20990101-000000-aaaa"
    shutil.copytree(
        finished_workspace.run(finished_workspace.tune_run), finished_workspace.run(other)
    )
    finished_workspace.open().records.add_run(
        RunRecord(other, finished_workspace.project, "tune", now())
    )
    at = opened()
    options = next(s for s in at.selectbox if s.label == "Tuned model").options
    assert len(set(options)) == len(options) == 2
    assert button(at, "Compare") is not None  # the newest is chosen, and was not compared


@pytest.mark.parametrize(
    "damage",
    [
        lambda run: (run / "result.json").write_text("[]"),
        lambda run: (run / "result.json").write_text("{}"),
        lambda run: (run / "result.json").unlink(),
        lambda run: (run / "arrays.safetensors").unlink(),
        lambda run: (run / "arrays.safetensors").write_bytes(b"\x00" * 40),
        lambda run: (run / "arrays.safetensors").write_bytes(
            (run / "arrays.safetensors").read_bytes()[:-100]
        ),
    ],
)
def test_damaged_result_is_explained_and_can_be_repeated(finished_workspace, opened, damage):
    damage(finished_workspace.run(finished_workspace.compare_run))
    at = opened()
    assert not at.exception
    assert len(at.error) == 1 and "Something went wrong" not in at.error[0].value
    assert button(at, "Compare again").proto.type == "primary"
    assert button(at, "Make the report") is None


def test_verdict_outlives_its_model(finished_workspace, opened):
    """Somebody freed disk space: what was measured is still true, searching is not possible."""
    shutil.rmtree(finished_workspace.run(finished_workspace.tune_run) / "model")
    at = opened("Wins & losses")
    assert not at.exception and not at.error
    assert button(at, "Make the report") is not None
    at.text_input(key="compare_typed").set_value("where is my parcel").run()
    assert not at.exception
    assert len(at.error) == 1 and "Something went wrong" not in at.error[0].value
    button(at, "Compare again").click().run()
    assert any("left no model to compare" in error.value for error in at.error)


@pytest.mark.parametrize("story", ["failed", "interrupted"])
def test_comparison_that_did_not_end_can_be_repeated(finished_workspace, opened, story):
    folder = RunFolder(finished_workspace.run(finished_workspace.compare_run))
    folder.result.unlink()
    folder.events.write_text(
        '{"at": "2026-01-01T00:00:00+00:00", "event": "launched"}\n'
        '{"at": "2026-01-01T00:00:01+00:00", "event": "started"}\n'
    )
    if story == "failed":
        reason = {"template": "The disk is full.", "params": {}}
        append_event(folder, "failed", message=reason)
    at = opened()
    assert not at.exception
    assert ("The disk is full" if story == "failed" else "press Resume") in texts(at)
    assert button(at, "Resume") is not None and button(at, "Compare again") is not None


def test_slices_are_listed_with_their_sizes(opened, comparison):
    at = opened("Where it helps")
    at.button_group(key="slice_attribute").set_value(None).run()
    assert not at.exception and not at.error
    table = next(d.value for d in at.dataframe if "Questions of this kind" in d.value.columns)
    assert list(table["Questions"]) == [part.result.questions for part in comparison.slices]
    small = [part.small for part in comparison.slices]
    assert list(table["Verdict"] == "too few to say") == small
    at.button_group(key="slice_attribute").set_value("overlap").run()
    table = next(d.value for d in at.dataframe if "Questions of this kind" in d.value.columns)
    assert len(table) == sum(part.attribute == "overlap" for part in comparison.slices)


def test_another_measure_changes_the_chart_and_its_table(opened, comparison, dataset):
    at = opened("All systems")
    at.selectbox(key="compare_family").set_value("success").run()
    at.selectbox(key="compare_cutoff").set_value(3).run()
    assert not at.exception and not at.error
    table = next(d.value for d in at.dataframe if "System" in d.value.columns)
    measure = next(name for name in table.columns if "success@3" in name)
    known = comparison.regimes == "known"
    ranks = comparison.system("tuned").right_rank[known]
    shown = table[table["System"] == "After: tuned model"].iloc[0][measure]
    assert shown == pytest.approx((ranks <= 3).mean(), abs=1e-4)


def test_systems_are_set_against_a_chosen_one(opened, comparison):
    at = opened("All systems")
    assert not any("smallest" in d.value.columns for d in at.dataframe), "worked out when opened"
    at.session_state["fold_against"] = True
    at.run()
    at.selectbox(key="compare_reference").set_value("bm25").run()
    assert not at.exception and not at.error
    table = next(d.value for d in at.dataframe if "smallest" in d.value.columns)
    assert len(table) == 2 * (len(comparison.systems) - 1)
    assert "BM25" not in set(table["system"])


def test_a_refused_model_can_be_overruled_with_a_reason_only(finished_workspace, opened):
    file = finished_workspace.run(finished_workspace.compare_run) / "result.json"
    document = json.loads(file.read_text())
    document["generality"][0] |= {"before": 0.8, "after": 0.6, "low": -0.25, "high": -0.15}
    file.write_text(json.dumps(document))
    at = opened()
    assert button(at, "Use this model") is None
    assert button(at, "Overrule and use it").disabled
    at.text_area(key="overrule_reason").set_value("It is for <b>one</b> demo only").run()
    button(at, "Overrule and use it").click().run()
    shown = texts(at)
    assert "In use by decision of" in shown and "The refusal was overruled" in shown
    trail = finished_workspace.open().records.audit_trail(finished_workspace.project)
    assert trail[-1]["what"] == "refusal overruled"
    button(at, "Withdraw").click().run()
    assert "In use by decision of" not in texts(at)


def test_more_systems_are_compared_on_click(finished_workspace, opened, launched):
    at = opened("All systems")
    at.button_group(key=f"arms_alphas_{finished_workspace.tune_run}").set_value([0.5]).run()
    at.checkbox(key="arms_hybrid_base").uncheck().run()
    button(at, "Compare with these systems").click().run()
    assert not at.exception and not at.error
    (folder,) = launched
    asked = request_of(folder)
    assert asked.arms == SystemChoice(alphas=(0.5,), hybrids=("tuned",))


def test_questions_needed_are_worked_out(opened, comparison):
    at = opened("All systems")
    at.number_input(key="power_effect").set_value(0.01).run()
    assert "to show +0.01, about" in texts(at)


def test_what_counts_is_said_kept_and_judged(opened, comparison, dataset, finished_workspace):
    at = opened("What counts")
    assert "All compared questions weigh the same" in texts(at)
    asked = dataset.questions[comparison.question_rows[0]]
    listed = next(area for area in at.text_area if "Must-find" in area.label)
    listed.set_value(f"{asked}\nno such question at all")
    button(at, "Save what counts").click().run()
    assert "no question of the data" in "\n".join(e.value for e in at.error)
    project = finished_workspace.open().project(finished_workspace.project)
    assert project.state.what_counts is None
    learned = dataset.questions[dataset.rows("train")[0]]
    next(area for area in at.text_area if "Must-find" in area.label).set_value(
        f"{asked}\n{learned}"
    )
    at.number_input[0].set_value(3)
    button(at, "Save what counts").click().run()
    assert not at.exception and not at.error
    shown = texts(at)
    assert "Must-find questions with a right answer among the first 3" in shown
    assert "1 must-find question is not held out" in shown
    kept = project.state.what_counts
    assert (kept.within, kept.must_find) == (3, (asked, learned))
    table = next(d.value for d in at.dataframe if "Rank after" in d.value.columns)
    assert table["Rank after"].tolist() == [int(comparison.system("tuned").right_rank[0])]
