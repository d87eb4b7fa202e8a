"""The whole journey without a browser: file in, verdict table and report out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.documents import from_json
from core.errors import DataError, LabelError, TuningError
from core.jobs.folder import RunFolder, create_run
from core.journey import data, labels, scoring
from core.journey.comparing import BASE, TUNED, run_comparison
from core.journey.comparison_arms import ArmChoice
from core.journey.running import TUNE, new_run_id
from core.journey.tuning import run_tuning, suggested_model
from core.messages import Message
from core.types import Comparison, LabelRecipe, QADataset
from core.workspace.layout import read_json, write_json
from core.workspace.workspace import Workspace

_SPOKEN_EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class HeadlessOptions:
    """What the command line asked for; None and empty take the defaults for the language."""

    file: Path
    base: str | None = None
    experts: tuple[str, ...] = ()
    recipe: str = "reliability:0.5"
    preset: str = "balanced"
    seed: int = 0
    out: Path | None = None
    language: str = "en"
    as_json: bool = False


@dataclass
class TerminalReporter:
    """A :class:`core.types.Reporter` that tells a person at a terminal, on standard error."""

    _last: float = field(default=-np.inf)

    def progress(self, fraction: float, message: Message) -> None:
        """Print at most every few seconds."""
        if time.monotonic() - self._last >= _SPOKEN_EVERY_SECONDS:
            self._last = time.monotonic()
            sys.stderr.write(f"  {fraction:4.0%} {message}\n")

    def metric(self, values: Mapping[str, float]) -> None:
        """Print search quality on validation questions."""
        if "validation" in values:
            text = f"  step {values['step']:.0f}: validation nDCG@10 {values['validation']:.4f}\n"
            sys.stderr.write(text)

    def warning(self, message: Message) -> None:
        """Print a warning."""
        sys.stderr.write(f"  ! {message}\n")

    def should_stop(self) -> bool:
        """Return False: Ctrl+C stops a command line."""
        return False


def parse_recipe(text: str, experts: Sequence[str]) -> LabelRecipe:
    """Return the recipe of ``RULE[:BLEND]`` or of a JSON file.

    Raises
    ------
    LabelError
        If the text is neither.
    """
    if text.endswith(".json"):
        return from_json(LabelRecipe, read_json(Path(text)))
    from core.labels.rules import RULES

    rule, _, blend = text.partition(":")
    try:
        share = float(blend) if blend else 0.5
    except ValueError:
        share = -1.0
    if rule not in RULES or not 0 <= share <= 1:
        raise LabelError(
            "The recipe {text} is neither a JSON file nor RULE:BLEND with a blend from 0 to 1. "
            "Rules: {rules}.",
            text=text,
            rules=", ".join(RULES),
        )
    return LabelRecipe(tuple(experts), rule=rule, blend=share)


def run(options: HeadlessOptions) -> dict[str, Any]:
    """Walk the whole journey; prints the verdict table and returns the JSON summary.

    Raises
    ------
    AppError
        With a readable text, whatever goes wrong.
    """
    from core.data.checks import guess_language
    from core.experts.catalogue import default_experts
    from core.journey.reporting import write_headless_report
    from core.tuning.presets import PRESETS

    if options.preset not in PRESETS:
        raise TuningError(
            "There is no preset {preset}. Choose one of: {known}.",
            preset=options.preset,
            known=", ".join(PRESETS),
        )
    workspace, report = Workspace.open(), TerminalReporter()
    clock = _Clock()
    with clock.time("data"):
        dataset, import_report = read_data(options.file, options.seed)
        workspace.save_dataset(dataset, import_report)
    experts = options.experts or default_experts(guess_language(dataset.questions))
    with clock.time("experts"):
        scored = scoring.run_scoring(workspace, dataset, experts, report)
    present = [figures["expert"] for figures in scored["figures"]]
    with clock.time("labels"):
        recipe = parse_recipe(options.recipe, present)
        model = labels.label_model(workspace, dataset, recipe)
    config = PRESETS[options.preset].config(
        base_model=options.base or suggested_model(dataset), seed=options.seed
    )
    root = options.out.resolve() if options.out else workspace.layout.exports / dataset.name
    request = {
        "kind": TUNE,
        "config": {
            "dataset_id": dataset.id,
            "recipe_name": options.recipe,
            "recipe": asdict(recipe),
            "overrides": [],
            "tuning": asdict(config),
        },
    }
    folder = create_run(root / new_run_id(TUNE), request)
    with clock.time("tune"):
        tuned = run_tuning(workspace, dataset, model, config, folder, report)
        write_json(folder.result, tuned | {"dataset_id": dataset.id, "label_id": model.id})
    with clock.time("compare"):
        choice = ArmChoice(experts=tuple(present))
        comparison = run_comparison(workspace, dataset, config.base_model, folder, choice, report)
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
        )
    summary = _summary(comparison, clock.seconds, page, folder)
    _print_table(comparison)
    sys.stdout.write(f"Report: {page}\nModel:  {folder.model}\n")
    if options.as_json:
        sys.stdout.write(json.dumps(summary, ensure_ascii=False) + "\n")
    return summary


def read_data(file: Path, seed: int) -> tuple[QADataset, dict[str, Any]]:
    """Read a data file or a BEIR folder; returns the dataset and what its import reported.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    if file.is_dir():
        return data.read_folder(file, seed=seed)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(
            "The file {file} cannot be read: {reason}. Check the path.",
            file=str(file),
            reason=error.strerror or str(error),
        ) from error
    return data.read_dataset(content, file.name, seed=seed)


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
    from core.evaluation.differences import present_regimes

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
            for arm in comparison.arms
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


def _print_table(comparison: Comparison) -> None:
    """Print every arm per regime with its interval, then the verdicts."""
    from core.evaluation.differences import intervals, present_regimes
    from core.evaluation.verdict import sentence

    for regime in present_regimes(comparison):
        spread = intervals(comparison, regime)
        count = int((comparison.regimes == regime).sum())
        sys.stdout.write(f"\n{regime} answers, {count} held-out questions\n")
        names = list(comparison.arms[0].metrics)
        sys.stdout.write(f"{'':34}{'nDCG@10 (95% interval)':26}")
        sys.stdout.write("".join(f"{name:>11}" for name in names[1:]) + "\n")
        for arm in comparison.arms:
            shown = spread[arm.name, "ndcg@10"]
            rest = (arm.mean(name, comparison.regimes == regime) for name in names[1:])
            title = {BASE: f"base: {arm.title}", TUNED: "tuned"}.get(arm.name, arm.title)
            span = f"{shown.value:.3f} ({shown.low:.3f} to {shown.high:.3f})"
            sys.stdout.write(f"{title[:33]:34}{span:26}" + "".join(f"{v:>11.3f}" for v in rest))
            sys.stdout.write("\n")
        found = comparison.difference(regime)
        if found is not None:
            sys.stdout.write(f"{sentence(found)}\n")
    for probe in comparison.generality:
        sys.stdout.write(
            f"\nEveryday language ({probe.language}, {probe.pairs} sentence pairs, Spearman): "
            f"{probe.before:.3f} before, {probe.after:.3f} after\n"
        )
    for name, reason in comparison.absent.items():
        sys.stdout.write(f"{name} is absent: {reason}\n")
    sys.stdout.write("\n")
