"""A part of the hostile files on every run: refused with a sentence, in seconds and megabytes."""

from __future__ import annotations

import pytest

from benchmarks.hostile import MOST_CPU_S, UNCAUGHT, read_one
from benchmarks.hostile_files import hostile_files
from core.jobs.limited import Limits

KINDS = 415  # each comes once before the first comes again
EVERY = 11
CASES = list(hostile_files(KINDS, seed=7))[5::EVERY]


@pytest.mark.parametrize("case", CASES, ids=[case.kind for case in CASES])
def test_a_file_that_was_made_to_hurt_does_not(case, tmp_path):
    found = read_one(case, Limits(), tmp_path)
    assert found.outcome != UNCAUGHT, found.said
    assert found.cpu_seconds < MOST_CPU_S
    assert found.peak_mb < Limits().memory_mb


def test_files_are_made_from_the_seed_alone():
    first, again = (next(iter(hostile_files(9, seed))) for seed in (1, 1))
    assert first.make() == again.make()
