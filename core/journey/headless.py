"""The whole journey without a browser: file in, verdict table and report out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.experts.catalogue import find_entry
from core.jobs.folder import RunFolder, append_event, create_run
from core.jobs.worker import FolderReporter
from core.journey import experts as scoring, labels
from core.journey.command_inputs import (
    check_preset,
    chosen_settings,
    parse_recipe,
    read_data,
    read_overrides,
    read_settings,
)
from core.journey.compare import TUNED_TITLE, compared
from core.journey.compare_systems import ComparedSystems, encoders
from core.journey.diagnostics import Examination, examination_of, examine
from core.journey.jobs import TUNE, new_run_id
from core.journey.terminal import SpokenReporter, TerminalReporter, print_examined, print_table
from core.journey.terminal_turn import own_turn
from core.journey.tuning import run_tuning
from core.types import Comparison, SystemChoice
from core.workspace.workspace import Workspace


@dataclass(frozen=True)
class HeadlessOptions:
    """What the command line asked for; None and empty take the defaults for the language."""

    file: Path
    base: str | None = None
    experts: tuple[str, ...] = ()
    recipe: str = "reliability:0.5"
    preset: str = "balanced"
    config: Path | None = None
    overrides: Path | None = None
    seed: int = 0
    out: Path | None = None
    language: str = "en"
    as_json: bool = False
    examine: bool = False


def run(options: HeadlessOptions) -> dict[str, Any]:
    """Walk the whole journey; prints the verdict table and returns the JSON summary.

    Raises
    ------
    AppError
        With a readable text, whatever goes wrong.
    """
    from core.data.checks import guess_language
    from core.experts.catalogue import default_experts
    from core.journey.report import write_headless_report

    settings = read_settings(options.config) if options.config else None
    by_hand = read_overrides(options.overrides) if options.overrides else ()
    check_preset(options.preset)
    workspace, report = Workspace.open(), TerminalReporter()
    clock = _Clock()
    with clock.time("data"):
        dataset, import_report = read_data(options.file, options.seed)
        workspace.save_dataset(dataset, import_report)
    experts = options.experts or default_experts(guess_language(dataset.questions))
    with clock.time("experts"):
        scored = scoring.run_scoring(workspace, dataset, experts, report)
    present = [figures.expert for figures in scored.figures]
    with clock.time("labels"):
        recipe = parse_recipe(options.recipe, present)
        model = labels.label_model(workspace, dataset, recipe, by_hand)
    config = chosen_settings(dataset, settings, options.preset, options.base, options.seed)
    root = options.out.resolve() if options.out else workspace.layout.exports / dataset.name
    request = {
        "kind": TUNE,
        "config": {
            "dataset_id": dataset.id,
            "recipe_name": options.recipe,
            "recipe": asdict(recipe),
            "overrides": [asdict(one) for one in by_hand],
            "tuning": asdict(config),
        },
    }
    folder = create_run(root / new_run_id(TUNE), request)
    with clock.time("tune"), own_turn(workspace, folder, config.device):
        told = SpokenReporter(FolderReporter(folder))
        tuned = run_tuning(workspace, dataset, model, config, folder, told)
        folder.write_result(tuned | {"dataset_id": dataset.id, "label_id": model.id})
        folder.drop_checkpoints()
        append_event(folder, "finished")
    with clock.time("compare"):
        systems = ComparedSystems(workspace, dataset, folder, *encoders(workspace, folder))
        systems.collect(present, SystemChoice(), report)
        comparison = compared(systems, report)
    examined = Examination()
    if options.examine:
        with clock.time("examine"):
            titles = (find_entry(config.base_model).title, TUNED_TITLE)
            examined = examination_of(*examine(systems, (), titles, present, report))
    with clock.time("report"):
        page = write_headless_report(
            workspace,
            name=dataset.name,
            dataset=dataset,
            import_report=import_report,
            scored=scored,
            folder=folder,
            comparison=comparison,
            language=options.language,
            split_seed=options.seed,
            examined=examined,
        )
    summary = _summary(comparison, clock.seconds, page, folder)
    print_table(comparison)
    print_examined(examined)
    sys.stdout.write(f"Report: {page}\nModel:  {folder.model}\n")
    if options.as_json:
        sys.stdout.write(json.dumps(summary, ensure_ascii=False) + "\n")
    return summary


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def time(self, stop: str) -> Iterator[None]:
        sys.stderr.write(f"{stop}\n")
        start = time.monotonic()
        yield
        self.seconds[stop] = round(time.monotonic() - start, 2)


def _summary(
    comparison: Comparison, seconds: Mapping[str, float], page: Path, folder: RunFolder
) -> dict[str, Any]:
    from core.evaluation.verdict import present_regimes

    regimes = present_regimes(comparison)
    main = {r: comparison.difference(r) for r in regimes}
    general = comparison.generality
    return {
        "arms": {
            arm.name: {
                regime: {
                    metric: round(arm.mean(metric, comparison.regimes == regime), 6)
                    for metric in arm.metrics
                }
                for regime in regimes
            }
            for arm in comparison.systems
        },
        "verdict": {
            regime: {
                key: getattr(found, key)
                for key in ("metric", "difference", "low", "high", "p", "word")
            }
            for regime, found in main.items()
            if found is not None
        },
        "generality": {
            "before": general[0].before if general else None,
            "after": general[0].after if general else None,
        },
        "seconds": dict(seconds),
        "report": str(page),
        "model": str(folder.model),
    }
