"""What holds where several people changed one pair."""

from __future__ import annotations

from hypothesis import given, strategies as st

from core.labels.overrides import conflicts, in_force, standing
from core.types import Override

PAIR = ("q", "a")


def said(*words: tuple[str, float | None]) -> list[Override]:
    """Return records of one pair, a second apart: (who, value)."""
    return [
        Override(*PAIR, value, who, "why", f"2026-01-01T00:00:{second:02d}.000+00:00")
        for second, (who, value) in enumerate(words)
    ]


def held(*words: tuple[str, float | None]) -> list[tuple[str, float | None]]:
    return [(o.who, o.value) for o in standing(said(*words)).get(PAIR, ())]


def test_two_peoples_values_are_both_kept_and_the_newest_is_in_force():
    changes = said(("ann", 0.2), ("ben", 0.9))
    assert [(o.who, o.value) for o in conflicts(changes)[PAIR]] == [("ann", 0.2), ("ben", 0.9)]
    assert [o.value for o in in_force(changes)] == [0.9]


def test_the_same_value_from_two_people_is_no_conflict():
    assert conflicts(said(("ann", 0.2), ("ben", 0.2))) == {}


def test_the_next_value_decides_and_undoing_it_brings_the_conflict_back():
    assert held(("ann", 0.2), ("ben", 0.9), ("cid", 0.5)) == [("cid", 0.5)]
    assert held(("ann", 0.2), ("ben", 0.9), ("ann", 0.9)) == [("ann", 0.9)]
    reopened = held(("ann", 0.2), ("ben", 0.9), ("cid", 0.5), ("cid", None))
    assert reopened == [("ann", 0.2), ("ben", 0.9)]


def test_undo_goes_back_one_step_not_to_the_beginning():
    assert held(("ann", 0.2), ("ann", 0.3), ("ann", None)) == [("ann", 0.2)]
    assert held(("ann", 0.2), ("ben", 0.9), ("ben", None)) == [("ann", 0.2)]


def test_a_bystander_withdraws_everything():
    assert held(("ann", 0.2), ("ben", 0.9), ("cid", None)) == []


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([None, 0.0, 0.5, 1.0])), max_size=12)
)
def test_any_history_has_at_most_one_value_per_person_and_what_is_in_force_was_said(words):
    changes = said(*words)
    values = standing(changes).get(PAIR, ())
    assert len({o.who for o in values}) == len(values)
    assert all(o in changes and o.value is not None for o in values)
    assert in_force(changes) == list(values[-1:])
    if words and words[-1][1] is not None:  # the last word counts
        assert values[-1] == changes[-1]
