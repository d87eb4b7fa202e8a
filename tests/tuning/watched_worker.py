"""The worker as the app starts it, in a process that is killed at a given moment.

Forked from a process that has imported torch already: twenty starts cost what one would.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

PRELOADED = [
    "pandas",
    "pydantic.dataclasses",
    "scipy.stats",
    "sentence_transformers",
    "sqlalchemy.dialects.sqlite",
    "torch",
    "transformers.models.bert.modeling_bert",
    "core.cli.options",
    "core.evaluation.measures",
    "core.evaluation.search",
    "core.experts.catalogue",
    "core.experts.encoders",
    "core.journey.steps",
    "core.labels.model",
    "core.tuning.run",
    "tests.tuning.watched_worker",
]


def forking() -> ForkServerContext:
    """Return the context whose processes begin with everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


@dataclass(frozen=True)
class Death:
    """When a worker dies: ``delay`` seconds after ``phase`` began for the ``call``-th time.

    Without a delay it dies at that very place. A phase named "after x" begins where x ends.
    """

    phase: str
    call: int = 1
    delay: float = 0.0

    def comes(self) -> None:
        """Let the system end this process, whatever it is doing then."""
        if not self.delay:
            os.kill(os.getpid(), signal.SIGKILL)
        timer = threading.Timer(self.delay, os.kill, (os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()


def work(folder: Path, death: Death | None, teller: Connection) -> None:
    """Run ``python -m core work FOLDER``, saving after every step.

    Having come to the end, tells the seconds that each phase took.
    """
    log = os.open(folder / "worker.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(log, stream)
    from core.cli.options import main
    from core.jobs.folder import RunFolder
    from core.tuning import run
    from core.tuning.checkpoints import CheckpointStore
    from core.tuning.learner import Learner
    from core.tuning.validation import SearchCheck

    run.SAVING_SHARE = 0
    run.train.__kwdefaults__["checkpoint_seconds"] = 0.0
    seconds: dict[str, list[float]] = defaultdict(list)
    begun = time.monotonic()

    def begins(phase: str) -> None:
        if death and (phase, len(seconds[phase]) + 1) == (death.phase, death.call):
            death.comes()

    def watch(owner: type, method: str, phase: str) -> None:
        real = getattr(owner, method)

        def watched(*args: object, **settings: object) -> object:
            before = time.monotonic()
            if not seconds["start"]:
                seconds["start"].append(before - begun)
            begins(phase)
            result = real(*args, **settings)
            seconds[phase].append(time.monotonic() - before)
            begins(f"after {phase}")
            return result

        setattr(owner, method, watched)

    watch(Learner, "step", "step")
    watch(SearchCheck, "check", "check")
    watch(CheckpointStore, "write", "save")
    watch(RunFolder, "write_result", "result")
    watch(RunFolder, "drop_checkpoints", "clear")
    begins("start")
    status = main(["work", str(folder)])
    teller.send(dict(seconds))
    sys.exit(status)
