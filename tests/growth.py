"""How much longer a computation takes for a larger input: no seconds, which tell of the machine."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import TypeVar

Size = TypeVar("Size")


def _seconds(work: Callable[[Size], object], size: Size) -> float:
    start = process_time()
    work(size)
    return process_time() - start


def assert_growth(work: Callable[[Size], object], small: Size, large: Size, at_most: float) -> None:
    """Fail if the larger input takes more than ``at_most`` times the CPU time of the smaller one.

    Parameters
    ----------
    work : function
        Is called with a size, or with the input itself, several times.
    at_most : float
        Three times what a sound computation needs is a good limit: other work on the machine makes
        a time longer, never shorter, so the best of three counts for the larger input.
    """
    work(small)  # what is imported or kept at the first call is no part of it
    few = sorted(_seconds(work, small) for _ in range(3))[1]
    many = []
    while len(many) < 3:
        many.append(_seconds(work, large))
        if many[-1] <= at_most * few:
            return
    raise AssertionError(f"{min(many) / few:.1f} times as long, not {at_most:g} times: {many}")
