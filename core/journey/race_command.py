"""``python -m core race``: a race of a project from a terminal."""

from __future__ import annotations

import getpass
import sys
import time
from dataclasses import dataclass

from core.errors import TuningError
from core.jobs.state import FINISHED, WAITING
from core.journey.jobs import job
from core.journey.labels import recipe_in_use
from core.journey.race_plan import launch_race, racing_recipes
from core.journey.race_result import CLEAR, NOTHING, TIED, RaceResult, read_race
from core.journey.races import race_request
from core.journey.terminal_turn import tell_waiting
from core.journey.tune_command import named_project
from core.journey.tuning import suggested_model
from core.tuning.presets import PRESETS
from core.types import REGIMES
from core.workspace.records import SavedRecipe
from core.workspace.workspace import Project, Workspace

_LOOK_EVERY_SECONDS = 2.0
_ENDS = {
    CLEAR: "{name} is best, ahead of the next one by {value:.3f} ({low:.3f} to {high:.3f}).",
    TIED: "{name} has the highest mean but cannot be told apart from {count} others.",
    NOTHING: "No run has finished.",
}
_NOT_TOLD = "{name} has the highest mean; too little was measured to tell who is better."


@dataclass(frozen=True)
class RaceOptions:
    """What the command line asked for; empty recipes = the one in use."""

    project: str
    recipes: tuple[str, ...] = ()
    losses: tuple[str, ...] = ("kl", "mse")
    seeds: int = 3
    preset: str = "balanced"
    base: str | None = None
    keep: str = "winner"


def race(options: RaceOptions) -> int:
    """Launch a race, follow it, print the table; returns 0 where it finished, else 1.

    Raises
    ------
    AppError
        If the race cannot be started.
    """
    workspace = Workspace.open()
    project = named_project(workspace, options.project)
    if project.dataset_id is None or options.preset not in PRESETS:
        raise TuningError(
            "The project {name} has no data, or {preset} is none of the presets {known}.",
            name=project.name,
            preset=options.preset,
            known=", ".join(PRESETS),
        )
    base = options.base or suggested_model(workspace.load_dataset(project.dataset_id))
    config = PRESETS[options.preset].config(base_model=base)
    run = launch_race(
        project,
        config,
        _recipes(project, options.recipes),
        options.losses,
        options.seeds,
        getpass.getuser(),
        keep=options.keep,
    )
    sys.stderr.write(f"race {workspace.run_folder(run)}\n")
    return _follow(workspace, run, config.device)


def _recipes(project: Project, names: tuple[str, ...]) -> list[SavedRecipe]:
    at_hand = {one.name: one for one in reversed(racing_recipes(project))}
    used = recipe_in_use(project)
    wanted = names or ((used.name,) if used is not None else ())
    missing = [name for name in wanted if name not in at_hand]
    if missing:
        raise TuningError(
            "There is no recipe {missing} whose experts have scored the data. Recipes: {known}.",
            missing=", ".join(missing),
            known=", ".join(at_hand) or "–",
        )
    return [at_hand[name] for name in wanted]


def _follow(workspace: Workspace, run: str, device: str) -> int:
    said = ""
    while True:
        seen = job(workspace, run)
        if seen.state == WAITING and not said:
            said = WAITING
            tell_waiting(workspace, run, device)
        if seen.message is not None and str(seen.message) != said:
            said = str(seen.message)
            sys.stderr.write(f"  {seen.fraction:4.0%} {said}\n")
        if seen.is_final:
            break
        time.sleep(_LOOK_EVERY_SECONDS)
    if seen.error is not None:
        sys.stderr.write(f"{seen.error}\n")
    sys.stdout.write(table(read_race(workspace.run_folder(run), race_request(seen.config))))
    return 0 if seen.state == FINISHED else 1


def table(found: RaceResult) -> str:
    """Return the table and what its order is worth, in plain text."""
    regimes = [regime for regime in REGIMES if found.ruler and regime in found.ruler.questions]
    names = ["nDCG@10", *regimes, "generality"]
    lines = [f"{'contestant':42}{'runs':>5}" + "".join(f"{name:>17}" for name in names)]
    for one in found.standings:
        who = one.contestant
        title = f"{'hard labels' if who.baseline else who.recipe_name} · {who.loss}"
        spreads = [one.score, *(one.regimes[regime] for regime in regimes), one.generality]
        cells = "".join(
            f"{'–':>17}"
            if spread is None
            else f"{f'{spread.mean:.3f} ± {spread.std:.3f}':>17}"
            if spread.std is not None
            else f"{spread.mean:>17.3f}"
            for spread in spreads
        )
        lines.append(f"{title[:41]:42}{one.seeds:>5}{cells}")
    if found.ruler is not None:
        base = found.ruler.base
        means = [base.score, *(sum(base.ndcg[r]) / len(base.ndcg[r]) for r in regimes)]
        lines.append(f"{'untuned':42}{'':5}" + "".join(f"{mean:>17.3f}" for mean in means))
    for who, reasons in found.absent:
        title = f"{'hard labels' if who.baseline else who.recipe_name} · {who.loss}"
        why = next((str(reason) for reason in reasons.values()), "has not run")
        lines.append(f"{title[:41]:42} absent: {why}")
    return "\n".join([*lines, _end(found)]) + "\n"


def _end(found: RaceResult) -> str:
    if not found.standings:
        return _ENDS[NOTHING]
    first = found.standings[0]
    behind = found.standings[1].behind if len(found.standings) > 1 else None
    who = first.contestant
    return (
        _ENDS.get(found.word, _NOT_TOLD).format(
            name=f"{'hard labels' if who.baseline else who.recipe_name} · {who.loss}",
            count=len(found.ties),
            value=behind.value if behind else 0.0,
            low=behind.low if behind else 0.0,
            high=behind.high if behind else 0.0,
        )
        + " Measured on validation questions; the test questions stay untouched."
    )
