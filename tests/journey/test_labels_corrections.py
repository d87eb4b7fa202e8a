"""Undo and redo over append-only records, and labels as a workbook."""

from __future__ import annotations

import io
from dataclasses import replace

import openpyxl
import pytest

from core.errors import DataError, LabelError
from core.journey import labels
from core.types import Override
from core.workspace.workspace import Workspace


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty workspace with a project."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    workspace = Workspace.open(tmp_path)
    return workspace.create_project("p", "ann")


def value_of(place, question):
    from core.labels.overrides import in_force

    held = {o.question: o.value for o in in_force(labels.overrides(place))}
    return held.get(question)


def test_undo_and_redo_walk_back_and_forth_like_an_editor(place):
    for number, question in enumerate("xyz"):
        labels.override_pair(place, question, "a", number / 10, "ann", "why")
    assert [labels.undo(place, "ann").question for _ in range(2)] == ["z", "y"]
    assert labels.redo(place, "ann").question == "y"
    assert [value_of(place, q) for q in "xyz"] == [0.0, 0.1, None]
    labels.override_pair(place, "w", "a", 0.5, "ann", "why")
    assert labels.redo(place, "ann") is None  # a new change ends what could be redone
    assert len(labels.overrides(place)) == 7  # nothing was deleted


def test_nobody_undoes_the_work_of_others(place):
    labels.override_pair(place, "x", "a", 0.2, "ann", "why")
    labels.override_pair(place, "y", "a", 0.4, "ben", "why")
    assert labels.undo(place, "ann").question == "x"
    assert labels.undo(place, "ann") is None
    assert value_of(place, "y") == 0.4


def test_undo_after_undo_and_redo_of_one_pair_changed_twice(place):
    for value in (0.2, 0.8):
        labels.override_pair(place, "x", "a", value, "ann", "why")
    assert labels.undo(place, "ann").value == 0.8
    assert value_of(place, "x") == 0.2
    labels.undo(place, "ann")
    assert value_of(place, "x") is None
    labels.redo(place, "ann")
    labels.redo(place, "ann")
    assert value_of(place, "x") == 0.8


def nasty(dataset):
    """Overrides on real pairs with texts that spreadsheets like to run."""
    return [
        Override(
            dataset.questions[0], dataset.answers[0], 0.25, "=cmd|' /C calc'!A0", "+1+1", MOMENT
        ),
        Override(dataset.questions[5], dataset.answers[2], 1.0, "ben", "@SUM(A1) _x0041_", MOMENT),
    ]


MOMENT = "2026-01-02T03:04:05.678+00:00"


def test_a_workbook_comes_back_as_it_was_and_never_holds_a_formula(tiny_dataset):
    made = nasty(tiny_dataset)
    content = labels.write_corrections(made)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert [c.data_type for c in sheet[2]] == ["s", "s", "n", "s", "s", "s"]
    assert all(c.quotePrefix for c in sheet[2] if c.data_type == "s")
    found = labels.read_corrections(content, "x.xlsx", tiny_dataset, (), "me")
    claims = [replace(one, who=f"claimed: {one.who}") for one in made]
    assert (list(found.overrides), found.problems) == (claims, ())
    again = labels.read_corrections(content, "x.xlsx", tiny_dataset, made, "me")
    assert (again.overrides, again.known) == ((), 2)


def workbook(*rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_every_bad_row_is_named_by_its_row_number(tiny_dataset):
    q, a = tiny_dataset.questions[0], tiny_dataset.answers[0]
    content = workbook(
        ("Question", "Answer", "Label", "Reason", "Who", "At"),
        (q, a, 70, "fits", "ann", "2026-01-02"),
        ("no such question", a, 70, "fits", "", ""),
        (q, "no such answer", 70, "fits", "", ""),
        (q, a, 101, "fits", "", ""),
        (q, a, "purple", "fits", "", ""),
        (q, a, 30, "", "", ""),
        (q, a, 30, "fits", "", "2999-01-01"),
        (q, a, 30, "fits", "", ""),
    )
    found = labels.read_corrections(content, "x.xlsx", tiny_dataset, (), "me")
    assert [problem.row for problem in found.problems] == [3, 4, 5, 6, 7, 8]
    words = ("question", "answer", "101", "purple", "reason", "2999")
    assert all(w in str(p.reason) for w, p in zip(words, found.problems, strict=True))
    assert [(o.value, o.who) for o in found.overrides] == [(0.7, "claimed: ann"), (0.3, "me")]


def test_two_files_of_two_people_end_in_a_conflict_not_in_one_lost_label(place, tiny_dataset):
    q, a = tiny_dataset.questions[0], tiny_dataset.answers[0]
    for who, label in (("ann", 10), ("ben", 90)):
        content = workbook(("question", "answer", "label", "reason"), (q, a, label, "read it"))
        found = labels.read_corrections(
            content, "x.xlsx", tiny_dataset, labels.overrides(place), who
        )
        assert labels.take_corrections(place, found, "x.xlsx", who) == 1
    from core.labels.overrides import conflicts

    (held,) = conflicts(labels.overrides(place)).values()
    assert [(o.who, o.value) for o in held] == [("ann", 0.1), ("ben", 0.9)]
    assert place.workspace.records.audit_trail(place.id)[-1]["what"] == "labels imported"


def test_a_file_without_the_columns_is_answered_with_what_is_needed(tiny_dataset):
    with pytest.raises(LabelError, match="label, reason"):
        labels.read_corrections(
            workbook(("question", "answer"), ("q", "a")), "x.xlsx", tiny_dataset, (), "me"
        )
    with pytest.raises(DataError):
        labels.read_corrections(b"PK\x03\x04 broken", "x.xlsx", tiny_dataset, (), "me")


def test_a_name_in_a_file_is_never_the_person_who_signed_in(place, tiny_dataset):
    """Whoever writes a file could otherwise put words into anybody's mouth."""
    question, answer = tiny_dataset.questions[0], tiny_dataset.answers[0]
    labels.override_pair(place, question, answer, 0.4, "ann@example.com", "my own word")
    content = f"question,answer,label,reason,who\n{question},{answer},90,said so,ann@example.com\n"
    found = labels.read_corrections(
        content.encode(), "x.csv", tiny_dataset, labels.overrides(place), "ben@example.com"
    )
    assert labels.take_corrections(place, found, "x.csv", "ben@example.com") == 1
    assert labels.overrides(place)[-1].who == "claimed: ann@example.com"
    assert labels.undo(place, "ann@example.com").value == 0.4, "her own, not the file's"
    entry = place.workspace.records.audit_trail(place.id)[-1]
    assert (entry["what"], entry["who"]) == ("labels imported", "ben@example.com")


def test_what_was_downloaded_is_recognised_when_it_comes_back(place, tiny_dataset):
    question, answer = tiny_dataset.questions[0], tiny_dataset.answers[0]
    labels.override_pair(place, question, answer, 0.4, "ann@example.com", "my own word")
    content = labels.write_corrections(labels.overrides(place))
    found = labels.read_corrections(
        content, "x.xlsx", tiny_dataset, labels.overrides(place), "ben@example.com"
    )
    assert (found.overrides, found.known) == ((), 1)
