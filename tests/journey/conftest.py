"""Fixtures that several tests of the journey share."""

from __future__ import annotations

import subprocess

import pytest

from core.jobs import launchers


@pytest.fixture
def processes(monkeypatch):
    """Every worker process that is started; none outlives the test."""
    started = []
    popen = subprocess.Popen

    def start(*arguments, **settings):
        started.append(popen(*arguments, **settings))
        return started[-1]

    monkeypatch.setattr(launchers.subprocess, "Popen", start)
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
