"""Gains of several projects: too few say nothing, noise gives no default, a real gain does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.pilot.what_worked import (
    BLEND,
    EXPERT,
    RULE,
    ProjectGain,
    following_default,
    overall,
    what_worked,
)


def gain(number: int, value: float, rule: str = "mean", blend: float = 0.4) -> ProjectGain:
    word = "better" if value > 0.02 else "not shown"
    return ProjectGain(
        f"p{number}", value, value - 0.02, value + 0.02, word, ("bm25", f"own{number}"), rule, blend
    )


def test_two_projects_say_nothing_over_projects():
    gains = [gain(1, 0.05), gain(2, 0.06)]
    assert overall(gains) is None and what_worked(gains) == ()
    assert following_default(gains) is None


def test_what_enough_projects_chose_is_told_and_what_one_chose_is_not():
    gains = [gain(1, 0.05), gain(2, 0.06), gain(3, 0.07), gain(4, 0.01, rule="max")]
    found = what_worked(gains)
    assert [(one.kind, one.key, one.projects) for one in found] == [
        (RULE, "mean", 3),
        (BLEND, "0.4", 4),
        (EXPERT, "bm25", 4),
    ]
    assert found[0].better == 3 and found[0].summary.value == pytest.approx(0.06, abs=1e-9)
    assert gains[0].variance == pytest.approx((0.04 / (2 * 1.959964)) ** 2, rel=1e-5)


def test_the_default_that_follows_is_a_rule_whose_gain_shows():
    gains = [gain(n, 0.05, blend=0.3) for n in range(4)] + [gain(9, 0.06, blend=0.6)]
    followed = following_default([*gains, *(gain(20 + n, 0.001, rule="max") for n in range(4))])
    assert (followed.rule, followed.blend) == ("mean", 0.3)
    assert (followed.projects, followed.better) == (5, 5)


def test_projects_that_disagree_give_no_default():
    """A mean above zero is not enough where the next project may as well lose."""
    gains = [gain(n, value) for n, value in enumerate((0.20, -0.15, 0.12, -0.10))]
    assert overall(gains).value > 0 and overall(gains).i2 > 0.9
    assert following_default(gains) is None


def test_a_project_without_an_interval_cannot_be_weighed():
    flat = ProjectGain("flat", 0.0, 0.0, 0.0, "not shown", (), "mean", 0.4)
    assert overall([flat, gain(1, 0.05), gain(2, 0.06)]) is None


def on_set(name: str, value: float, rule: str) -> ProjectGain:
    made = (value, value - 0.02, value + 0.02, "better", ("bm25",), rule, 0.4)
    return ProjectGain(name, *made, benchmark=True)


def test_sets_of_the_benchmark_count_once_and_apart():
    sets = [on_set("shop", 0.08, "reliability"), on_set("shop", 0.09, "mean")]
    gains = [gain(1, 0.05), gain(2, 0.06), *sets]
    assert overall(gains).count == 3, "two rules on one set are the same questions"
    found = {(one.kind, one.key): one for one in what_worked(gains)}
    rule, expert = found[RULE, "mean"], found[EXPERT, "bm25"]
    assert (rule.projects, rule.better, rule.sets, rule.sets_better) == (2, 2, 1, 1)
    assert (expert.projects, expert.sets, expert.summary.count) == (2, 1, 3)
    followed = following_default(gains)
    assert (followed.rule, followed.projects, followed.sets) == ("mean", 2, 1)


def test_the_benchmark_alone_offers_nothing():
    """What it shows is the product's own default already."""
    sets = [replace(gain(n, 0.1), benchmark=True) for n in range(6)]
    assert following_default(sets) is None
    assert following_default([*sets, gain(9, 0.1)]) is not None


@pytest.mark.parametrize(("over", "follows"), [(-0.01, False), (0.01, True), (None, True)])
def test_a_rule_behind_the_default_on_the_benchmark_needs_projects_that_speak_for_it(over, follows):
    """Almost every rule gains something on most sets; one project more does not make it better."""
    by_default = [on_set(f"s{n}", 0.08, "reliability") for n in range(6)]
    by_mean = [replace(on_set(f"s{n}", 0.07, "mean"), over_default=over) for n in range(6)]
    known = [*by_default, *by_mean]
    assert (following_default([*known, gain(1, 0.08)]) is not None) is follows
    enough = following_default([*known, *(gain(n, 0.08) for n in range(3))])
    assert (enough.rule, enough.projects, enough.sets) == ("mean", 3, 6)
    own = replace(gain(2, 0.08), rule="reliability")
    assert following_default([*known, own]).rule == "reliability"
