"""One model store per machine, so that bundled models are converted once and not per run."""

import os
import tempfile
from pathlib import Path

import pytest

from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache


@pytest.fixture(scope="session")
def store():
    default = Path(tempfile.gettempdir()) / "qa-tuner-test-models"
    return ModelStore(Path(os.environ.get("PYTEST_MODEL_STORE", default)))


@pytest.fixture
def cache(tmp_path):
    return VectorCache(tmp_path / "vectors")


class Listener:
    """A reporter that remembers, and asks to stop after a number of looks."""

    def __init__(self, stop_after=None):
        self.fractions, self.messages, self.warnings = [], [], []
        self._looks, self._stop_after = 0, stop_after

    def progress(self, fraction, message):
        self.fractions.append(fraction)
        self.messages.append(str(message))

    def metric(self, values):
        pass

    def warning(self, message):
        self.warnings.append(message)

    def should_stop(self):
        self._looks += 1
        return self._stop_after is not None and self._looks > self._stop_after


@pytest.fixture
def listener():
    return Listener
