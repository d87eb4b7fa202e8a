"""Projects like this one: alike in all where there are enough, else wider in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from core.pilot.likeness import (
    LANGUAGE,
    LEAD,
    QUESTIONS,
    SEVERAL,
    TRAITS,
    WORDINGS,
    DataSeen,
    like_this,
)

THIS = DataSeen("en", 200, 4.0, 1.0, 0.03)


@dataclass(frozen=True)
class Other:
    seen: DataSeen


def like(seen: DataSeen, others: list[Other], enough: int = 3):
    return like_this(seen, others, lambda found: len(found) >= enough)


UNLIKE = {
    LANGUAGE: {"language": "ja"},
    QUESTIONS: {"questions": 900},
    WORDINGS: {"wordings": 9.0},
    SEVERAL: {"right_answers": 1.5},
    LEAD: {"lead": 0.2},
}


@pytest.mark.parametrize("trait", TRAITS)
def test_one_trait_that_differs_makes_another_kind_of_project(trait):
    strange = Other(replace(THIS, **UNLIKE[trait]))
    found = like(THIS, [Other(THIS)] * 3 + [strange])
    assert found.by == tuple(TRAITS) and strange not in found.found and found.left_aside == ()


def test_where_too_few_are_alike_traits_are_left_aside_in_order():
    others = [Other(THIS), Other(replace(THIS, lead=0.2)), Other(replace(THIS, right_answers=2.0))]
    found = like(THIS, [*others, Other(replace(THIS, language="ja"))])
    assert (found.by, found.left_aside) == ((LANGUAGE, QUESTIONS, WORDINGS), (SEVERAL, LEAD))
    assert found.found == tuple(others)
    wide = like(THIS, others, enough=9)
    assert wide.by == () and wide.found == tuple(others) and wide.left_aside == tuple(TRAITS)


def test_four_times_as_many_questions_and_twice_the_wordings_are_still_alike():
    near = [Other(replace(THIS, questions=800, wordings=8.0)), Other(replace(THIS, questions=50))]
    assert like(THIS, near, enough=2).by == tuple(TRAITS)
    assert like(THIS, [Other(replace(THIS, questions=801))], enough=1).by == (LANGUAGE,)


def test_what_is_not_known_speaks_neither_for_nor_against():
    assert like(THIS, [Other(DataSeen())] * 3).by == tuple(TRAITS)
    found = like(DataSeen("en"), [Other(THIS)] * 3 + [Other(replace(THIS, language="ja"))])
    assert (found.by, len(found.found)) == ((LANGUAGE,), 3)
    assert len(like(DataSeen(), [Other(THIS)]).found) == 1
