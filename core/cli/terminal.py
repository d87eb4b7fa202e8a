"""What a person at a terminal is told: progress, who is before them, verdicts, the race's table."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from core.journey.compare import (
    Examination,
    counted_lines,
    headline,
    intervals,
    meaning,
    of_hundred,
    present_regimes,
    sentence,
    span_text,
    untested_text,
    way_text,
)
from core.journey.cross_fit import CrossFit
from core.journey.data import gain_text
from core.journey.experiments import CLEAR, NOTHING, SCORE, TIED, RaceResult, Spread
from core.journey.jobs import (
    FAILED,
    JobView,
    QueuedJob,
    device_told,
    next_place,
    queue_of,
    slots_for,
)
from core.journey.pilot.watching import CRITERIA, WatchLook, state_told
from core.journey.projects import Workspace
from core.journey.tune import TuningRun
from core.messages import Message
from core.progress import Reporter, SilentReporter
from core.types import BASE, TUNED, Comparison
from core.types.comparison import Counted
from core.types.sufficiency import LEARN_TITLES, PROVE_TITLES, Sufficiency
from core.types.tuning import Contestant, Decided
from core.types.tuning_config import settings

_SPOKEN_EVERY_SECONDS, _REPEATED_EVERY_SECONDS = 5.0, 30.0
_NAME, _WHO = 34, 42  # characters of a system's name and of a contestant's


def say_what_data_allow(found: Sufficiency) -> None:
    """Tell a person whether the data are enough, and what would help most."""
    lines = [
        f"{LEARN_TITLES[found.learn]}. {found.learn_text}",
        f"{PROVE_TITLES[found.prove]}. {found.prove_text}",
    ]
    if found.helps:
        now = gain_text(found.helps[0].now.gain)
        head = "What would help most (gain in nDCG@10 as measured on other data; "
        lines.append(f"{head}with things as they are: {now})")
        lines += [f"  {one.text}" for one in found.helps]
    sys.stderr.write("".join(f"  {line}\n" for line in lines))


def say_what_was_decided(decided: Decided) -> None:
    """Tell a person a decision with its reason."""
    sys.stderr.write(f"{decided.about}: {decided.text}\n")


def say_what_folds_agreed_on(found: CrossFit) -> None:
    """Tell a person what each fold gained, and what the delivered model took from them."""
    for fold in found.folds:
        result = fold.result
        gains = [
            f"{regime} {before:.3f} → {after:.3f}"
            for regime in found.regimes
            for before, after in filter(None, [fold.score(regime)])
        ]
        kept = f"step {result.best_step} of {result.planned}" if result.best_step else "base kept"
        sys.stderr.write(f"  fold {fold.number}: {', '.join(gains)} nDCG@10 ({kept})\n")
    end, titles = found.end, {setting.name: setting.metadata["title"] for setting in settings()}
    mixed = "" if end.alpha == 1 else f", mixed with the base model ({end.alpha:.0%} tuned)"
    line = f"delivered: learned from all questions, {end.share:.0%} of the steps{mixed}"
    sys.stderr.write(f"{line}: the median of the folds\n")
    for name in found.switched_off:
        sys.stderr.write(f"switched off by most folds: {titles[name]}\n")


class SpokenReporter:
    """A reporter that tells the folder of its job and, on standard error, a person.

    Parameters
    ----------
    folder : Reporter
        Of the run folder; the stop button of the app works through it, and it logs warnings to the
        terminal by itself.
    """

    def __init__(self, folder: Reporter) -> None:
        self._folder = folder
        self._last = -_SPOKEN_EVERY_SECONDS
        self._said = ""

    def progress(self, fraction: float, message: Message) -> None:
        """Tell both; the person every few seconds at most, the same words less often."""
        self._folder.progress(fraction, message)
        same = str(message) == self._said
        if time.monotonic() - self._last >= (
            _REPEATED_EVERY_SECONDS if same else _SPOKEN_EVERY_SECONDS
        ):
            self._last, self._said = time.monotonic(), str(message)
            sys.stderr.write(f"  {fraction:4.0%} {message}\n")

    def metric(self, values: Mapping[str, float]) -> None:
        """Tell both; the person the search quality on validation questions."""
        self._folder.metric(values)
        if "validation" in values:
            text = f"  step {values['step']:.0f}: validation nDCG@10 {values['validation']:.4f}\n"
            sys.stderr.write(text)

    def warning(self, message: Message) -> None:
        """Tell the folder."""
        self._folder.warning(message)

    def should_stop(self) -> bool:
        """Return True once somebody pressed Stop in the app."""
        return self._folder.should_stop()


class TerminalReporter(SilentReporter):
    """A reporter without a job: tells a person on standard error how far it is."""

    def __init__(self) -> None:
        self._last = -_SPOKEN_EVERY_SECONDS

    def progress(self, fraction: float, message: Message) -> None:
        """Tell every few seconds, and the end."""
        if fraction >= 1 or time.monotonic() - self._last >= _SPOKEN_EVERY_SECONDS:
            self._last = time.monotonic()
            sys.stderr.write(f"  {fraction:4.0%} {message}\n")


def say_who_is_before(workspace: Workspace, run: JobView) -> None:
    """Say which jobs a run waits for; say nothing where a device is free for it."""
    device = device_told(run.config)
    if not next_place(workspace, device):
        return
    allowed, before = set(slots_for(device)), list[QueuedJob]()
    for queued in queue_of(workspace):
        if queued.job.id == run.id:
            break
        if allowed & set(queued.slots):
            before.append(queued)
    if before:
        names = ", ".join(_name(queued) for queued in before)
        sys.stderr.write(f"Waiting for the device. Before this run: {names}\n")


def _name(queued: QueuedJob) -> str:
    state = f"waits at place {queued.place}" if queued.place else "computes"
    project = f"project {queued.project}, " if queued.project else ""
    return f"{queued.job.id} ({project}{state})"


def print_verdict(comparison: Comparison) -> None:
    """Print every system per regime with its interval, then the verdicts."""
    for said in (way_text(comparison), untested_text(comparison)):
        if said is not None:
            sys.stdout.write(f"\n{said}\n")
    for regime in present_regimes(comparison):
        rows = comparison.regimes == regime
        spread = intervals(comparison, regime)
        sys.stdout.write(f"\n{regime} answers, {int(rows.sum())} held-out questions\n")
        names = list(comparison.systems[0].metrics)
        head = "".join(f"{name:>11}" for name in names[1:])
        sys.stdout.write(f"{'':{_NAME}}{'nDCG@10 (95% interval)':26}{head}\n")
        for system in comparison.systems:
            shown = spread[system.name, names[0]]
            title = {BASE: f"base: {system.title}", TUNED: "tuned"}.get(system.name, system.title)
            span = f"{shown.value:.3f} ({shown.low:.3f} to {shown.high:.3f})"
            means = "".join(f"{system.mean(name, rows):>11.3f}" for name in names[1:])
            sys.stdout.write(f"{_column(title, _NAME)}{span:26}{means}\n")
        difference, found = comparison.difference(regime), of_hundred(comparison, regime)
        if found is not None:  # in the words of the Compare page
            words = (headline(found), span_text(found), meaning(found))
            sys.stdout.write(" ".join(map(str, words)) + "\n")
        if difference is not None:
            sys.stdout.write(f"(nDCG@10: {sentence(difference)})\n")
    print_counted(comparison.counted)
    for probe in comparison.generality:
        sys.stdout.write(
            f"\nEveryday language ({probe.language}, {probe.pairs} sentence pairs, Spearman): "
            f"{probe.before:.3f} before, {probe.after:.3f} after\n"
        )
    for name, reason in comparison.absent.items():
        sys.stdout.write(f"{name} is absent: {reason}\n")
    sys.stdout.write("\n")


def print_counted(counted: Counted) -> None:
    """Print the verdicts by weight, and how many must-find questions succeed."""
    for title, said in counted_lines(counted):
        sys.stdout.write(f"{title}. {said}\n")


def print_examined(examined: Examination) -> None:
    """Print what tuning did to the shape of the vectors, and what each model costs."""
    for change in examined.shape:
        sys.stdout.write(f"{change.title}: {change.before:.3f} before, {change.after:.3f} after\n")
    for cost in examined.costs:
        sys.stdout.write(
            f"{_column(cost.title, _NAME)}{cost.texts_per_second:>8.0f} texts/s"
            f"{cost.query_ms:>8.1f} ms per question{cost.weights_mb:>8.0f} MB\n"
        )
    if examined.shape or examined.costs:
        sys.stdout.write("\n")


def print_tuned(run: TuningRun, folder: Path) -> None:
    """Print what came out of a tuning run, or why nothing did."""
    if run.job.state == FAILED and run.job.error is not None:
        sys.stderr.write(f"{run.job.error}\n")
    result = run.result
    if result is None:
        sys.stdout.write(f"Nothing was kept. Run folder: {folder}\n")
        if run.job.keepable:
            text = "The best model until then can be kept on the Tune page, or taken from"
            sys.stdout.write(f"{text} {folder / 'model'}\n")
        return
    if result.base_score is not None and result.best_score is not None:
        sys.stdout.write(
            f"Validation nDCG@10: {result.base_score:.4f} before, {result.best_score:.4f} "
            f"after step {result.best_step} of {result.steps}\n"
        )
    if result.trimmed is not None:
        sys.stdout.write(f"{result.trimmed.message()}\n")
    sys.stdout.write(
        f"Time:  {result.seconds:.1f} s on {result.device.name}, "
        f"{result.labels_per_s:,.0f} labels/s\n"
    )
    if result.has_model:
        sys.stdout.write(f"Model: {folder / 'model'}\n")
    sys.stdout.write(f"Run:   {folder}\n")


def print_look(found: WatchLook) -> None:
    """Print what a look at a pilot found: each criterion, the one that holds marked."""
    sys.stdout.write(f"{found.searches:g} searches, {found.questions} different questions\n")
    for state in found.criteria:
        mark = "!" if state.fires else " "
        title = _column(CRITERIA[state.key].title, _NAME)
        sys.stdout.write(f"{mark} {title}{state_told(state)}\n")
    said = "The model should learn again." if found.fired else "Nothing says to learn again."
    sys.stdout.write(f"{said}\n")


def print_race(race: RaceResult) -> None:
    """Print who was how good in a race, and what the order is worth."""
    head = "".join(f"{'nDCG@10' if name == SCORE else name:>17}" for name in race.columns)
    lines = [f"{'contestant':{_WHO}}{'runs':>5}{head}"]
    for standing in race.standings:
        cells = "".join(f"{_spread(standing.figures[name]):>17}" for name in race.columns)
        lines.append(f"{_column(_contestant(standing.contestant), _WHO)}{standing.seeds:>5}{cells}")
    if race.untuned:
        means = "".join(f"{race.untuned[n]:>17.3f}" for n in race.columns if n in race.untuned)
        lines.append(f"{'untuned':{_WHO}}{'':5}{means}")
    for contestant, reasons in race.absent:
        why = next((str(reason) for reason in reasons.values()), "has not run")
        lines.append(f"{_column(_contestant(contestant), _WHO)} absent: {why}")
    sys.stdout.write("\n".join([*lines, _race_ends(race)]) + "\n")


def _contestant(contestant: Contestant) -> str:
    return f"{'hard labels' if contestant.baseline else contestant.recipe_name} · {contestant.loss}"


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return "–"
    return f"{spread.mean:.3f}" + ("" if spread.std is None else f" ± {spread.std:.3f}")


def _race_ends(race: RaceResult) -> str:
    if race.word == NOTHING:
        return "No run has finished."
    name = _contestant(race.standings[0].contestant)
    behind = race.standings[1].behind if len(race.standings) > 1 else None
    if race.word == CLEAR and behind is not None:
        span = f"{behind.value:.3f} ({behind.low:.3f} to {behind.high:.3f})"
        end = f"{name} is best, ahead of the next one by {span}."
    elif race.word == TIED:
        end = f"{name} has the highest mean but cannot be told apart from {len(race.ties)} others."
    else:
        end = f"{name} has the highest mean; too little was measured to tell who is better."
    return f"{end} Measured on validation questions; the test questions stay untouched."


def _column(text: str, width: int) -> str:
    return f"{text[: width - 1]:{width}}"
