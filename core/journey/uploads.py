"""Foreign files are read in a process with limits: the one door for every upload and every path."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from core.data.table import file_title
from core.errors import JobError
from core.jobs.limited import SERVER, Limits, run_limited
from core.progress import Reporter

Result = TypeVar("Result")

# What the process that reads files loads when it starts; nothing of it may pull in torch.
_PRELOAD = (
    *("core.data.file_preview:warm_up", "core.data.logs.question_log", "core.data.file_reports"),
    *("core.data.trec_run", "core.data.beir", "core.experts.folders", "core.tuning.presets"),
)


def warm_up() -> None:
    """Start the process that reads files, so that the first file need not wait for it."""
    with suppress(JobError):  # told when a file is read
        SERVER.start(_PRELOAD)


def read_apart(
    function: Callable[..., Result],
    *arguments: object,
    name: str,
    report: Reporter | None = None,
    reports: bool = False,
    **options: Any,
) -> Result:
    """Call a function that reads a foreign file, apart and with the limits that the server sets.

    Parameters
    ----------
    function : function of a module of ``core``
    *arguments, **options
        Its own, documents all of them.
    name : str
        Of the file, for messages.
    report : Reporter or None
        Told how far it is and asked whether to stop.
    reports : bool
        Whether the function takes a reporter as its option ``report``.

    Raises
    ------
    AppError
        As the function does, and see :func:`core.jobs.limited.run_limited`.
    """
    return run_limited(
        function,
        *arguments,
        name=file_title(name),
        limits=Limits.of(os.environ),
        preload=_PRELOAD,
        report=report,
        reports=reports,
        **options,
    )
