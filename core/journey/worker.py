"""What the worker does: one step per kind of job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.jobs.folder import RunFolder
from core.jobs.worker import Step
from core.jobs.worker import work as run_worker
from core.journey.comparing import compare_step
from core.journey.data_curve import curve_step
from core.journey.devices import need_of
from core.journey.probing import probe_step
from core.journey.race import race_step
from core.journey.running import COMPARE, DATA_CURVE, PROBE, RACE, SCORE, TUNE
from core.journey.scoring import score_step
from core.journey.tuning import tune_step

STEPS: Mapping[str, Step] = {
    SCORE: score_step,
    TUNE: tune_step,
    COMPARE: compare_step,
    RACE: race_step,
    PROBE: probe_step,
    DATA_CURVE: curve_step,
}


def work(folder: Path) -> int:
    """Do the job of a run folder in this process; the worker's entry.

    Returns
    -------
    int
        Exit status as of :func:`core.jobs.worker.work`.
    """
    return run_worker(RunFolder(folder), STEPS, need_of)
