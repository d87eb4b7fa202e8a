"""The evidence over data sets: what is paired, clustered, summed up, and not run twice."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from benchmarks.domains import Evidence, Run, same_as, with_hidden
from benchmarks.domains_table import (
    ADDED,
    BASE,
    DEFAULT,
    TEACHER,
    asked,
    clustered_variance,
    effect,
    forest,
    guarded,
    joined_gains,
    left_out,
    lost,
    mechanisms,
    report,
    summary,
)
from core.types import OPEN, TEST_SPLIT, TRAIN

GROUPS = np.repeat(np.arange(15), 2)


def line(domain: str, arm: str, values: np.ndarray, seed: int = 0, split: int = 1) -> dict:
    told = {
        "ndcg@10": float(values.mean()),
        "questions": len(values),
        "values": (1000 * values).round().astype(int).tolist(),
        "question_groups": GROUPS.tolist(),
    }
    about = {"domain": domain, "arm": arm, "seed": seed, "split_seed": split, "settings": {}}
    return about | {"unseen": told, "generality": 0.0}


def test_gains_are_paired_and_both_kinds_of_luck_are_told_apart():
    rng = np.random.default_rng(0)
    base = {split: rng.random(30).round(3) * 0.5 for split in (1, 2)}
    rows = [line("a", BASE, base[split], split=split) for split in base]
    for split, gain in ((1, 0.1), (2, 0.3)):
        for seed, luck in ((0, -0.02), (1, 0.02)):
            rows.append(line("a", "new", base[split] + gain + luck, seed, split))
    found = effect(rows, "a", "new", BASE, "unseen")
    assert found.mean == pytest.approx(0.2, abs=1e-3)
    assert found.over_seeds == pytest.approx(np.std([-0.02, 0.02], ddof=1), abs=1e-3)
    assert found.over_splits == pytest.approx(np.std([0.1, 0.3], ddof=1), abs=1e-3)
    assert (found.questions, found.splits, found.seeds) == (30, 2, 4)
    assert effect(rows, "a", "new", BASE, "known") is None
    assert effect(rows, "b", "new", BASE, "unseen") is None


def test_variance_of_a_mean_counts_groups_and_not_questions():
    values = np.random.default_rng(1).normal(size=30)
    alone = clustered_variance(values, np.arange(30))
    assert alone == pytest.approx(values.var(ddof=1) / 30)
    # Each value twice says nothing more than once.
    assert clustered_variance(np.repeat(values, 2), np.repeat(np.arange(30), 2)) == pytest.approx(
        alone
    )


def test_sets_together_say_in_how_many_an_arm_is_better(capsys):
    rng = np.random.default_rng(2)
    rows = []
    for number in range(4):
        base = rng.random(30).round(3) * 0.5
        noise = rng.normal(0, 0.02, 30).round(3)
        rows += [
            line(f"set {number}", BASE, base),
            line(f"set {number}", "hard-infonce", base + 0.02 + noise),
            line(f"set {number}", "reliability", base + 0.05 + noise),
        ]
    found = summary(rows, "reliability", BASE, "unseen")
    assert (found["better"], found["sets"]) == (4, 4) and found["mean"] == pytest.approx(
        0.05, abs=0.01
    )
    assert found["interval"][0] > 0 and found["sign_p"] == pytest.approx(0.125)
    gains = [effect(rows, f"set {n}", "reliability", BASE, "unseen").mean for n in range(4)]
    reference = ttest_1samp(gains, 0)
    assert found["alike"]["mean"] == pytest.approx(np.mean(gains), abs=1e-4)
    expected = reference.confidence_interval()
    assert found["alike"]["interval"] == pytest.approx([expected.low, expected.high], abs=1e-4)
    assert summary(rows[:6], "reliability", BASE, "unseen") is None, "two sets say nothing"
    figures = report(rows, quick=False)
    assert figures["reliability_minus_hard-infonce"]["unseen"]["mean"] == pytest.approx(0.03)
    assert "in 4 of 4 sets" in capsys.readouterr().out
    assert forest(rows).count("<circle") == 5


def test_a_choice_is_reported_on_the_set_that_did_not_make_it():
    """Two arms: one is best on set 0 alone, which must not be what it is reported with."""
    rng = np.random.default_rng(3)
    rows = []
    for number in range(4):
        base = rng.random(30).round(3) * 0.5
        noise = rng.normal(0, 0.02, 30).round(3)
        rows.append(line(f"set {number}", BASE, base))
        for arm, gain in (("flashy", 0.3 if number == 0 else 0.0), ("steady", 0.04)):
            rows.append(line(f"set {number}", arm, base + gain + noise) | {"validation_gain": gain})
    rows.append(line("set 0", "seldom", base) | {"validation_gain": 0.9})  # not run on all sets
    found = left_out(rows)
    assert found["arms"] == ["flashy", "steady"]
    assert found["chosen"] == {"set 0": "steady", **{f"set {n}": "flashy" for n in (1, 2, 3)}}
    assert found["unseen"]["mean"] == pytest.approx(0.01, abs=0.02) and found["unseen"]["sets"] == 4
    assert left_out([row for row in rows if row["arm"] != "steady"]) is None
    assert left_out(rows[:6]) is None, "two sets"


def test_what_a_mechanism_adds_is_told_with_the_teacher_and_without():
    """Runs without the teacher have a table of their own and change no other figure."""
    rng = np.random.default_rng(4)
    rows, experts = [], {"asked": ["bm25", TEACHER], "alone": ["bm25"]}
    for number in range(3):
        base, name = rng.random(30).round(3) * 0.5, f"set {number}"
        rows.append(line(name, BASE, base))
        luck = rng.normal(0, 0.01, 30).round(3)
        rows.append(line(name, "hard-infonce", base + 0.02 + luck))
        rows.append(line(name, "on-nothing", base + 0.01 + luck))
        for heard in experts if number else ("alone",):  # set 0 has no teacher
            gain = 0.06 if heard == "asked" else 0.03
            for arm, less in ((DEFAULT, 0.0), ("off-labels", 0.02 if heard == "asked" else 0.05)):
                more = rng.normal(0, 0.01, 30).round(3)
                made = line(name, arm, base + gain - less + (luck if arm == DEFAULT else more))
                rows.append(made | {"settings": {"experts": experts[heard]}})
    found = {(one["mechanism"], one["teacher"]): one for one in mechanisms(rows)}
    labels = next(name for name, pair in ADDED.items() if pair == (DEFAULT, "off-labels"))
    taught, alone = found[labels, True], found[labels, False]
    assert set(taught["sets"]) == {"set 0", "set 1", "set 2"}
    assert set(alone["sets"]) == {"set 1", "set 2"}, "set 0 would be told twice"
    assert taught["sets"]["set 1"] == pytest.approx(0.02, abs=0.008)
    assert alone["sets"]["set 1"] == pytest.approx(0.05, abs=0.008)
    assert taught["over_sets"]["sets"] == 3 and alone["over_sets"] is None
    assert found["alone: mixing", True]["sets"]["set 2"] == pytest.approx(0.01, abs=1e-3)
    with_teacher = asked(rows, teacher=True)
    assert effect(with_teacher, "set 1", DEFAULT, BASE, "unseen").mean == pytest.approx(
        0.06, abs=0.006
    )
    lucky = [{**row, "seed": 1} for row in rows if row["arm"] == DEFAULT]
    for row in lucky:
        row["unseen"] = {**row["unseen"], "values": [v + 90 for v in row["unseen"]["values"]]}
    again = mechanisms([*rows, *lucky])
    assert [one["sets"] for one in again] == [one["sets"] for one in mechanisms(rows)]
    figures = report(rows, quick=False)
    assert figures["guard"]["runs"] == 3


def test_what_keyword_search_adds_counts_runs_of_a_set_once():
    rows = []
    for number, gains in enumerate(([0.02, 0.04], [0.0], [0.06])):
        for seed, gain in enumerate(gains):
            made = line(f"set {number}", DEFAULT, np.full(30, 0.5), seed)
            rows.append(made | {"joined": {"weight": 0.3, "unseen": 0.5 + gain}})
    rows.append(line("older", DEFAULT, np.full(30, 0.5)))
    rows.append(line("set 0", "hard-infonce", np.full(30, 0.5)) | {"joined": {"unseen": 0.9}})
    found = joined_gains(rows)
    assert found["unseen"]["sets"] == {"set 0": 0.03, "set 1": 0.0, "set 2": 0.06}
    assert found["unseen"]["over_sets"]["mean"] == pytest.approx(0.03)
    assert found["known"] == {"sets": {}, "over_sets": None}


def test_runs_that_kept_the_base_model_and_runs_that_did_harm_are_counted():
    base = np.full(30, 0.5)
    rows = [line("a", BASE, base)]
    for loss, step in ((0.0, 0), (-0.005, 4), (-0.02, 4), (0.1, 8)):
        rows.append(line("a", "reliability", base + loss) | {"best_step": step, "alpha": 1.0})
    assert guarded(rows) == {"runs": 4, "kept": 1, "harmed": 1}
    assert [[regime for regime, _ in lost(rows, row)] for row in rows] == [
        [], [], [], ["unseen"], []
    ]  # fmt: skip
    assert lost(rows, rows[3])[0][1] == pytest.approx(-0.02)


def test_what_was_run_is_not_run_again_and_a_cut_line_is_left_out(tmp_path):
    file = tmp_path / "rows.jsonl"
    evidence = Evidence(file)
    evidence.keep({"domain": "a", "arm": "open", "seed": 0, "split_seed": 1, "settings": {"x": 1}})
    with file.open("a") as more:
        more.write('{"domain": "a", "arm"')
    again = Evidence(file)
    assert again.has(Run("a", "open", 0, 1), {"x": 1})
    assert not again.has(Run("a", "open", 0, 1), {"x": 2})
    assert not again.has(Run("a", "open", 1, 1), {"x": 1})
    assert len(again.rows) == 1 and json.loads(file.read_text().splitlines()[0])["arm"] == "open"


def test_a_run_that_can_only_end_as_another_one_is_not_run(tmp_path, tiny_dataset):
    evidence = Evidence(tmp_path / "rows.jsonl")
    kept = {"domain": "a", "seed": 0, "split_seed": 1, "settings": {}, "alpha": 1.0, "seconds": 9}
    evidence.keep(kept | {"arm": "reliability"})
    evidence.keep(kept | {"arm": "hard-infonce", "alpha": 0.8})

    def twin(arm: str, split: int = 1) -> str | None:
        found = same_as(Run("a", arm, 0, split), evidence, tiny_dataset, {})
        return found and found["same_as"]

    # One right answer each: likeness is not learned from, and all of what was learned was kept.
    for arm in ("off-likeness", "off-columns", "off-sparing", "on-labels", "off-mixing"):
        assert twin(arm) == "reliability" and twin(arm, split=2) is None
    assert twin("on-nothing") is None, "mixing chose 0.8"
    assert twin("off-labels") is None and twin("reliability") is None
    evidence.keep(kept | {"arm": "reliability", "alpha": 0.8})  # the last line counts
    assert twin("off-mixing") is None and twin("on-labels") is None
    assert twin("off-likeness") == "reliability"
    several = dataclasses.replace(
        tiny_dataset,
        right_question=np.repeat(tiny_dataset.right_question, 2),
        right_answer=np.repeat(tiny_dataset.right_answer, 2),
        right_grade=np.repeat(tiny_dataset.right_grade, 2),
    )
    assert same_as(Run("a", "off-likeness", 0, 1), evidence, several, {}) is None
    evidence.keep(kept | {"arm": "reliability", "left_out": ["neighbourhoods_per_batch"]})
    assert (
        same_as(Run("a", "off-likeness", 0, 1), evidence, several, {})["same_as"] == "reliability"
    )


def test_a_run_without_the_teacher_is_not_the_same_as_one_with_it(tmp_path, tiny_dataset):
    evidence = Evidence(tmp_path / "rows.jsonl")
    kept = {"domain": "a", "arm": "reliability", "seed": 0, "split_seed": 1, "alpha": 1.0}
    with_teacher, without = {"experts": ["bm25", "teacher"]}, {"experts": ["bm25"]}
    run = Run("a", "off-mixing", 0, 1)
    evidence.keep(kept | {"settings": with_teacher})
    assert same_as(run, evidence, tiny_dataset, with_teacher)["same_as"] == "reliability"
    assert same_as(run, evidence, tiny_dataset, without) is None
    evidence.keep(kept | {"settings": without, "alpha": 0.8})
    assert same_as(run, evidence, tiny_dataset, with_teacher)["same_as"] == "reliability"
    assert same_as(run, evidence, tiny_dataset, without) is None, "mixing chose 0.8"


def test_open_questions_that_were_left_out_are_not_left_out_again(tmp_path, tiny_dataset):
    evidence = Evidence(tmp_path / "rows.jsonl")
    kept = {"domain": "a", "arm": "open", "seed": 0, "split_seed": 1, "settings": {}, "alpha": 1.0}
    run = Run("a", "off-open", 0, 1)
    assert same_as(run, evidence, tiny_dataset, {}) is None
    evidence.keep(kept | {"left_out": ["open_share"]})
    assert same_as(run, evidence, tiny_dataset, {})["same_as"] == "open"
    evidence.keep(kept | {"left_out": []})
    assert same_as(run, evidence, tiny_dataset, {}) is None, "something was learned from them"


def test_hidden_questions_have_no_answers_and_held_out_ones_stay(tiny_dataset):
    hidden = with_hidden(tiny_dataset, 0.5, 3)
    rows = hidden.open_rows
    assert len(rows) == round(0.5 * len(tiny_dataset.rows(TRAIN)))
    assert not np.isin(rows, hidden.right_question).any()
    assert len(np.unique(hidden.question_group[rows])) == len(rows)
    assert set(hidden.split[rows]) == {OPEN}
    for split in TEST_SPLIT.values():
        assert hidden.rows(split).tolist() == tiny_dataset.rows(split).tolist()
    assert with_hidden(tiny_dataset, 0.5, 3).open_rows.tolist() == rows.tolist()


def test_the_prior_that_ships_with_the_app_is_made_of_the_lines_that_are_there():
    """Else somebody added runs and forgot: python benchmarks/domains_prior.py"""
    from benchmarks.domains_prior import EVIDENCE, made_of, written
    from core.pilot.what_worked import BENCHMARK_FILE, benchmark_gains

    made = made_of(Evidence(EVIDENCE).rows)
    assert BENCHMARK_FILE.read_text(encoding="utf-8") == written(made)
    assert benchmark_gains() == made and made.gains
    assert all(gain.benchmark and gain.variance > 0 for gain in made.gains)


def test_lines_become_gains_with_what_is_seen_of_the_data():
    from benchmarks.domains_prior import EVIDENCE, made_of

    rows = [row for row in Evidence(EVIDENCE).rows if row["domain"] == "shop_faq_en"]
    copies = [{**row, "domain": "shop_faq_ja"} for row in rows]
    for row in copies:
        for regime in ("known", "unseen"):
            row[regime] = {**row[regime], "right_answers": 1.3}
    quick = [{**row, "domain": "xquad_es", "settings": {"quick": True}} for row in rows]
    made = made_of([*rows, *copies, *quick])
    assert {gain.project for gain in made.gains} == {"shop_faq_en", "shop_faq_ja"}
    own = {gain.rule for gain in made.gains}
    assert "reliability" in own and "hard" not in own
    other = next(gain for gain in made.gains if gain.project == "shop_faq_ja")
    assert (other.seen.language, other.seen.right_answers) == ("ja", 1.3)
    held_out = next(row["unseen"] for row in rows if row["arm"] == "untuned")
    assert other.seen.wordings == round(held_out["questions"] / held_out["groups"], 2)


def test_documents_say_what_the_lines_say():
    """Else somebody added runs and forgot: python benchmarks/domains_documents.py"""
    from benchmarks.domains_documents import DOCUMENTS, Documents, filled
    from benchmarks.domains_prior import EVIDENCE

    texts, said = Documents(Evidence(EVIDENCE).rows).all(), set()
    for path in DOCUMENTS:
        document = path.read_text(encoding="utf-8")
        assert filled(document, texts) == document
        said |= {name for name in texts if f"<!-- domains:{name} -->" in document}
    assert said == set(texts), "nobody reads the others"


def test_texts_are_made_of_the_lines_that_are_there():
    from benchmarks.domains_documents import Documents
    from benchmarks.domains_table import signed

    rng = np.random.default_rng(5)
    rows = []
    for number in range(4):
        base, name = rng.random(30).round(3) * 0.5, f"set {number}"
        rows.append(line(name, BASE, base))
        for arm, gain in (("hard-infonce", 0.02), ("reliability", 0.05), ("open", 0.04)):
            for seed in (0, 1) if arm == "reliability" and number == 0 else (0,):
                noise = rng.normal(0, 0.01, 30).round(3)
                made = line(name, arm, base + gain + noise, seed) | {"validation_gain": gain}
                joined = {"weight": 0.2, "unseen": made["unseen"]["ndcg@10"]}
                rows.append(made | {"joined": joined})
        rows.append(line(name, "strongest", base + 0.1) | {"expert": "bm25"})
    rows = [row | ({} if row["domain"] == "set 0" else {"known": row["unseen"]}) for row in rows]
    quick = {**rows[1], "domain": "quick", "settings": {"quick": True}}
    texts = Documents([*rows, quick])
    assert texts.domains == [f"set {number}" for number in range(4)]
    assert texts.covered().startswith("21 runs on 4 sets.")
    assert "default: one split of 4 sets, of 1 a second training seed" in texts.covered()
    cells = texts.sets().splitlines()[2].split(" | ")
    assert cells[:2] == ["| set 0", "too few"] and cells[2].endswith("+0.100 (keyword search) |")
    assert "in 4 of 4 sets" in texts.says() and "In 0 of 5 runs" in texts.says()
    assert texts.row().count("4 of 4") == 2
    assert texts.over().splitlines()[2].endswith(", 4 of 4 |")
    assert texts.over().splitlines()[5].endswith("| – | – |"), "no hybrid"
    assert len(texts.rules().splitlines()) == 6 and "a third of" in texts.rules()
    assert texts.added().count("| a third of the answers hidden |") == 2
    assert texts.luck().startswith("Nothing was tuned")
    again = [{**row, "split_seed": 2} for row in rows]
    assert "Of 2 splits tuned with two training seeds" in Documents([*rows, *again]).luck()
    assert "unseen: nothing (of 4 sets), over sets 0" in texts.words()
    assert [signed(value) for value in (0.0004, -0.0004, -0.02, 0.1)] == [
        "0", "0", "−0.020", "+0.100"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="fewer than three sets"):
        Documents(rows[:10]).row()


def test_only_what_stands_between_marks_is_made_anew():
    from benchmarks.domains_documents import filled

    page = (
        "a <!-- domains:x -->old<!-- /domains:x --> b\n<!-- domains:y -->\nold\n<!-- /domains:y -->"
    )
    made = filled(page, {"x": "new", "y": "table"})
    assert made == page.replace("old", "new", 1).replace("old", "table")
    assert filled(made, {"x": "new", "y": "table"}) == made
    with pytest.raises(ValueError, match="nothing is called y"):
        filled(page, {"x": ""})
    with pytest.raises(ValueError, match="not closed"):
        filled("<!-- domains:x -->", {"x": ""})
