"""Champion, challenger and stages follow from the decisions alone, in their order."""

from __future__ import annotations

from core.pilot.registry import FORMER, STAGES, WAITING, ModelRegistry
from core.types.model_registry import TAKEN_OFF, Lineage, ModelDecision, ModelVersion
from core.types.pilot_events import CHALLENGER, CHAMPION, PilotArm


def version(number: int) -> ModelVersion:
    return ModelVersion(number, PilotArm(f"tune-{number}", "base"), Lineage(), "ann", "2026-01-01")


def registry(*decided: tuple[int, str]) -> ModelRegistry:
    made = (ModelDecision(at, what, "ann", f"2026-01-0{at}") for at, what in decided)
    return ModelRegistry(tuple(version(number) for number in (1, 2, 3)), tuple(made))


def stages(present: ModelRegistry) -> list[str]:
    return [present.stage(one) for one in present.versions]


def test_before_anybody_decides_nothing_is_in_use():
    empty = registry()
    assert (empty.champion, empty.challenger, empty.took_effect) == (None, None, None)
    assert stages(empty) == [WAITING, WAITING, WAITING]
    assert ModelRegistry().of(PilotArm("", "x")) is None


def test_a_challenger_that_becomes_champion_is_challenger_no_more():
    present = registry((1, CHAMPION), (2, CHALLENGER), (2, CHAMPION))
    assert present.champion == version(2) and present.challenger is None
    assert stages(present) == [FORMER, CHAMPION, WAITING]


def test_going_back_leaves_another_challenger_what_it_is():
    present = registry((1, CHAMPION), (2, CHAMPION), (3, CHALLENGER), (1, CHAMPION))
    assert present.champion == version(1) and present.challenger == version(3)
    assert stages(present) == [CHAMPION, FORMER, CHALLENGER]
    assert [one.what for one in present.about(version(1))] == [CHAMPION, CHAMPION]


def test_a_challenger_that_was_taken_off_is_none_and_stays_a_version():
    present = registry((1, CHAMPION), (2, CHALLENGER), (2, TAKEN_OFF))
    assert present.challenger is None and present.stage(version(2)) == TAKEN_OFF
    assert {CHAMPION, CHALLENGER, FORMER, TAKEN_OFF, WAITING} == set(STAGES)
