"""The protocols of the benchmark on little data."""

import numpy as np
import pytest

from benchmarks.small_data import Bench, gains, interval, main, sample, small_dataset
from core.types import OPEN, TEST_KNOWN, TEST_UNSEEN, TRAIN, VALIDATION_UNSEEN


@pytest.mark.parametrize(("open_", "training", "log"), [("none", 100, 0), ("open", 100, 624)])
def test_the_small_protocol_has_the_counts_of_its_description(data_dir, open_, training, log):
    dataset = small_dataset(open_)
    counts = {name: len(dataset.rows(name)) for name in (TRAIN, VALIDATION_UNSEEN, OPEN)}
    assert counts == {TRAIN: training, VALIDATION_UNSEEN: 25, OPEN: log}
    assert len(dataset.rows(TEST_KNOWN, TEST_UNSEEN)) == 625 and len(dataset.answers) == 719
    assert not np.isin(dataset.right_question, dataset.open_rows).any()
    held = dataset.question_group[dataset.rows(TEST_UNSEEN, VALIDATION_UNSEEN)]
    assert not np.isin(held, dataset.question_group[dataset.rows(TRAIN)]).any()


def test_labelled_open_questions_of_held_out_threads_stay_open(data_dir):
    """Else the share of the gain would be measured against a model that learned its test."""
    dataset = small_dataset("labelled")
    held = dataset.question_group[dataset.rows(VALIDATION_UNSEEN)]
    assert not np.isin(dataset.question_group[dataset.rows(TRAIN)], held).any()
    assert len(dataset.rows(TRAIN)) + len(dataset.open_rows) == 724


def test_a_finished_tuning_is_not_done_again(tmp_path):
    row = {"before": {"all": 0.5}, "after": {"all": 0.6}}
    first = Bench(tmp_path / "rows.jsonl", tmp_path, quick=True)
    first.keep("small/0", row)
    again = Bench(tmp_path / "rows.jsonl", tmp_path, quick=True)
    assert gains([again.tuned("small", None, "en", False, 0)]) == [pytest.approx(0.1)]
    assert not Bench(tmp_path / "rows.jsonl", tmp_path, quick=False).rows


def test_the_interval_is_students_t():
    low, high = interval([1.0, 2.0, 3.0])
    assert (low + high) / 2 == pytest.approx(2.0)
    assert high - 2.0 == pytest.approx(4.302653 / 3**0.5, rel=1e-5)


def test_without_the_data_it_says_where_they_should_be(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert main(["--parts", "small"]) == 2
    assert "set DATA_DIR" in capsys.readouterr().err


def test_split_seeds_draw_other_splits():
    one, other = sample("en", 1), sample("en", 2)
    assert one.questions == other.questions and (one.split != other.split).any()
