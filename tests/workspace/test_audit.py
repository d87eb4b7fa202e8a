"""The audit trail: whatever is changed, taken out or put in afterwards is found."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import text

from core.workspace.audit import ERASED, AuditEntry, check_trail, sealed
from core.workspace.records import Records

texts = st.text(max_size=12)
details = st.dictionaries(
    texts, st.one_of(texts, st.integers(), st.booleans(), st.none(), st.lists(texts, max_size=2))
)


def chain(rows):
    entries, seals, before = [], [], ""
    for number, (who, what, detail) in enumerate(rows, 1):
        entry = AuditEntry(number, "p", f"2026-01-{number:02}", who, what, detail)
        seals.append(sealed(entry, before))
        before = seals[-1].seal
        entries.append(entry)
    return entries, seals


trails = st.lists(st.tuples(texts, texts, details), min_size=2, max_size=6).map(chain)


@given(trails)
def test_an_untouched_trail_is_whole(trail):
    entries, seals = trail
    found = check_trail(entries[::-1], seals[::-1], noted=seals[0].seal)
    assert found.faults == () and found.last == seals[-1].seal and found.entries == len(entries)


@given(trails, st.data())
def test_a_changed_entry_is_found(trail, data):
    entries, seals = trail
    at = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(["project_id", "at", "who", "what"]))
    entries[at] = replace(entries[at], **{field: getattr(entries[at], field) + "x"})
    assert [fault.params["number"] for fault in check_trail(entries, seals).faults] == [at + 1]


@given(trails, st.data())
def test_a_changed_detail_is_found(trail, data):
    entries, seals = trail
    at = data.draw(st.integers(0, len(entries) - 1))
    entries[at] = replace(entries[at], detail=dict(entries[at].detail) | {"new key here": 1})
    assert [fault.params["number"] for fault in check_trail(entries, seals).faults] == [at + 1]


@given(trails, st.data())
def test_a_removed_entry_is_found_with_or_without_its_seal(trail, data):
    entries, seals = trail
    at = data.draw(st.integers(0, len(entries) - 1))
    gone = entries[:at] + entries[at + 1 :]
    assert check_trail(gone, seals).faults
    both = check_trail(gone, seals[:at] + seals[at + 1 :], noted=seals[-1].seal)
    assert both.faults, "the last one, taken out with its seal, shows by the seal noted down"


@given(trails, st.data())
def test_an_inserted_entry_is_found(trail, data):
    entries, seals = trail
    at = data.draw(st.integers(0, len(entries)))
    number = data.draw(st.sampled_from([0, 99, -5]))
    made = AuditEntry(number, "p", "2026-02-01", "eve", "deleted", {})
    with_row = [*entries[:at], made, *entries[at:]]
    assert check_trail(with_row, seals).faults
    before = seals[min(at, len(seals) - 1)].seal
    assert check_trail(with_row, [*seals, sealed(made, before)], noted=seals[-1].seal).faults or (
        # Put at the very end, with a right seal: that is what writing an entry is.
        number == 99 and at >= len(seals) - 1
    )


@given(trails)
def test_a_chain_written_anew_shows_by_a_seal_noted_down(trail):
    entries, seals = trail
    rows = [(entry.who + "x", entry.what, entry.detail) for entry in entries]
    forged, forged_seals = chain(rows)
    assert check_trail(forged, forged_seals).faults == ()
    assert check_trail(forged, forged_seals, noted=seals[-1].seal).faults


def test_an_erased_detail_is_told_and_no_fault():
    entries, seals = chain([("ann", "a", {"text": "my name is Ann"}), ("ben", "b", {})])
    entries[0] = replace(entries[0], detail=ERASED)
    found = check_trail(entries, seals)
    assert found.faults == () and found.erased == 1
    entries[0] = replace(entries[0], who="eve")
    assert check_trail(entries, seals).faults


@pytest.fixture
def records(records_url):
    opened = Records(records_url)
    yield opened
    opened.close()


def test_what_the_app_writes_is_sealed(records):
    project = records.create_project("Pilot", "ann")
    records.note(project.id, "scores", "=cmd()", {"pairs": (1, 2), "text": "\udce4", "x": 0.1})
    records.rename_project(project.id, "Pilot 2", "ben")
    found = records.check_audit()
    assert found.faults == () and found.entries == 3 and len(found.last) == 64
    trail = records.sealed_trail(project.id)
    assert trail.seal == found.last
    lines = [json.loads(line) for line in trail.jsonl().splitlines()]
    assert [line["what"] for line in lines] == ["project created", "scores", "project renamed"]
    table = list(csv.DictReader(io.StringIO(trail.csv().decode("utf-8-sig"))))
    assert table[1]["who"] == "'=cmd()" and table[2]["seal"] == found.last


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'eve' WHERE number = 2",
        'UPDATE audit SET detail = \'{"name": "other"}\' WHERE number = 1',
        "DELETE FROM audit WHERE number = 3",
        "DELETE FROM audit WHERE number = 1",
        "UPDATE audit_seals SET seal = detail_sha256 WHERE number = 2",
        "DELETE FROM audit_seals WHERE number = 2",
        "INSERT INTO audit (number, project_id, what, who, detail, at) "
        "VALUES (4, 'p', 'w', 'eve', '{}', 'n')",
    ],
)
def test_what_is_done_to_the_database_is_found(records, statement):
    for name in ("a", "b", "c"):
        records.create_project(name, "ann")
    assert records.check_audit().faults == ()
    with records._write() as connection:
        connection.execute(text(statement))
    assert records.check_audit().faults
    records.create_project("d", "ann")
    assert records.check_audit().faults, "and is not covered up by what comes after"


def test_the_trail_of_an_earlier_version_is_sealed_when_it_goes_on(records):
    records.create_project("a", "ann")
    records.create_project("b", "ann")
    with records._write() as connection:
        connection.execute(text("DELETE FROM audit_seals"))
    assert len(records.check_audit().faults) == 2
    records.create_project("c", "ann")
    assert records.check_audit().faults == ()
