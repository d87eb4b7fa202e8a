"""Datasets on disk come back whole, or not at all with a reason."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.errors import WorkspaceError
from core.types import OPEN
from core.workspace.datasets import load_dataset, load_report, save_dataset
from core.workspace.files import write_bytes
from core.workspace.workspace import Layout


def test_round_trip_keeps_every_field(tmp_path, tiny_dataset):
    save_dataset(tmp_path, tiny_dataset, {"rows": 48})
    back = load_dataset(tmp_path, tiny_dataset.id)
    assert back.id == tiny_dataset.id
    for field in dataclasses.fields(tiny_dataset):
        left, right = getattr(back, field.name), getattr(tiny_dataset, field.name)
        if isinstance(left, np.ndarray):
            np.testing.assert_array_equal(left, right)
        else:
            assert left == right
    assert load_report(tmp_path, tiny_dataset.id) == {"rows": 48}


def test_id_changes_with_every_field_but_the_name(tiny_dataset):
    """A label, grade or split that changes without a new id would be compared with the old one."""
    split = tiny_dataset.split.copy()
    split[0] = "test_known"
    changed = [
        {"questions": ("other", *tiny_dataset.questions[1:])},
        {"answers": ("other", *tiny_dataset.answers[1:])},
        {"right_grade": tiny_dataset.right_grade * 2},
        {"split": split},
        {"attributes": {}},
    ]
    ids = {dataclasses.replace(tiny_dataset, **values).id for values in changed}
    assert len(ids | {tiny_dataset.id}) == len(changed) + 1
    assert dataclasses.replace(tiny_dataset, name="renamed").id == tiny_dataset.id


def test_missing_truncated_and_edited_files_are_told_apart(tmp_path, tiny_dataset):
    with pytest.raises(WorkspaceError, match=r"meta\.json cannot be read"):
        load_dataset(tmp_path, "0123456789abcdef")
    folder = save_dataset(tmp_path, tiny_dataset, {})
    whole = (folder / "answer.parquet").read_bytes()
    (folder / "answer.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WorkspaceError, match="Upload the file again"):
        load_dataset(tmp_path, tiny_dataset.id)
    other = dataclasses.replace(tiny_dataset, answers=("x", *tiny_dataset.answers[1:]))
    made = save_dataset(tmp_path / "other", other, {})
    (folder / "answer.parquet").write_bytes((made / "answer.parquet").read_bytes())
    with pytest.raises(WorkspaceError, match="was changed on disk"):
        load_dataset(tmp_path, tiny_dataset.id)


def test_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "file.json"
    write_bytes(path, b"old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError, match="No space left"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_workspace_that_cannot_be_made_says_why_and_what_to_do(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkspaceError, match="environment variable WORKSPACE"):
        Layout(tmp_path / "file" / "workspace").create()


def test_what_older_datasets_lack_is_kept_where_it_is_there_and_changes_no_id_where_not(
    tmp_path, tiny_dataset
):
    count = len(tiny_dataset.questions)
    weight, must = np.ones(count, np.float32), np.zeros(count, bool)
    plain = dataclasses.replace(tiny_dataset, question_weight=weight, must_find=must)
    assert plain.id == tiny_dataset.id
    weight, must = weight + np.arange(count, dtype=np.float32), ~must
    wrong = np.array([0, 1], np.int32)
    ids = {tiny_dataset.id}
    for values in (
        {"question_weight": weight},
        {"must_find": must},
        {"wrong_question": wrong, "wrong_answer": wrong[::-1].copy()},
    ):
        changed = dataclasses.replace(tiny_dataset, **values)
        ids.add(changed.id)
        save_dataset(tmp_path, changed, {})
        back = load_dataset(tmp_path, changed.id)
        for name, value in values.items():
            np.testing.assert_array_equal(getattr(back, name), value)
    assert len(ids) == 4
    folder = save_dataset(tmp_path / "old", tiny_dataset, {})
    (folder / "wrong.parquet").unlink()
    assert not len(load_dataset(tmp_path / "old", tiny_dataset.id).wrong_question)


def test_open_questions_belong_to_no_part_that_is_learned_by_heart_or_tested(tiny_dataset):
    split = tiny_dataset.split.copy()
    split[:3] = OPEN
    opened = dataclasses.replace(tiny_dataset, split=split)
    np.testing.assert_array_equal(opened.open_rows, [0, 1, 2])
    for rows in (opened.seen_rows, opened.held_out_rows, opened.validation_rows):
        assert not np.isin(opened.open_rows, rows).any()
    assert len(opened.judged_rows) == len(split) - 3
