"""Where a job is done: on this machine, or on a cluster. The worker's command is the same.

A launcher starts the worker of a run folder and passes on what a scheduler says of it. The folder
stays the whole contract: request, wishes, story, checkpoints and result lie there, also where the
worker runs on another machine that sees the same folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.errors import JobError
from core.jobs.folder import SUBMISSION_VARIABLE, RunFolder, append_event
from core.messages import Message

REPOSITORY = Path(__file__).resolve().parents[2]


def worker_command(folder: RunFolder, python: str = sys.executable) -> list[str]:
    """Return the command that does the job of a run folder, wherever it is started."""
    return [python, "-m", "core", "work", str(folder.root.resolve())]


@dataclass(frozen=True)
class Sign:
    """What a scheduler says of a worker.

    Attributes
    ----------
    word : str
        One of :data:`core.jobs.state.PENDING`, ``ALIVE`` and ``ENDED``; "" where nobody answers:
        then the lock of the run folder decides.
    message : Message or None
        Why, for the person who looks at the job.
    """

    word: str = ""
    message: Message | None = None


class Launcher(Protocol):
    """A place where workers are started."""

    def start(self, folder: RunFolder, environment: Mapping[str, str] | None = None) -> None:
        """Start a worker; raises JobError where it cannot be started.

        Parameters
        ----------
        environment : mapping or None
            What the worker's environment holds besides: secrets, which are written nowhere.
        """
        ...

    def sign(self, submission: str, launched_at: str) -> Sign:
        """Return what the scheduler says of a worker.

        Parameters
        ----------
        submission : str
            Under which name the worker was handed over, as the event of its launch says.
        launched_at : str
            ISO time of that event.
        """
        ...

    def withdraw(self, submission: str) -> None:
        """Take back a worker that has not begun. What cannot be reached is left as it is."""
        ...


class ThisMachine:
    """Workers as processes of this machine, which outlive the process that started them."""

    def start(self, folder: RunFolder, environment: Mapping[str, str] | None = None) -> None:
        """Start a process in a session of its own."""
        # A comparison that a cluster's worker starts beside itself is not the cluster's.
        own = {name: value for name, value in os.environ.items() if name != SUBMISSION_VARIABLE}
        try:
            append_event(folder, "launched")
            with folder.log.open("ab") as log:
                # Its own session: closing the app, or Ctrl+C in its terminal, does not reach it.
                subprocess.Popen(
                    worker_command(folder),
                    cwd=REPOSITORY,
                    env={**own, **(environment or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise JobError(
                "The background process cannot be started: {reason}. Free memory (close other "
                "programs) or disk space, then press Resume.",
                reason=error.strerror or str(error),
            ) from error

    def sign(self, submission: str, launched_at: str) -> Sign:
        """Say nothing: on one machine the lock tells all."""
        return Sign()

    def withdraw(self, submission: str) -> None:
        """Do nothing: a worker of this machine has always begun, and sees what is asked."""
