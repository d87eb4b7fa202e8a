"""What tests of files for others share: one finished journey per module."""

from __future__ import annotations

import pytest

from tests.reporting.finished_journey import FinishedJourney, finished_journey


@pytest.fixture(scope="module")
def journey(tmp_path_factory) -> FinishedJourney:
    return finished_journey(tmp_path_factory.mktemp("journey"))
