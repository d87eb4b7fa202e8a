"""Command line: ``python -m core VERB``; the same journey as the app, without a browser."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import Any

from core.errors import AppError

DESCRIPTION = """\
Make search over your own questions and answers measurably better.

verbs:
  run      the whole journey on a file, ending in a verdict table and a report
  tune     fine-tune only, with settings from a JSON file, on a project or a data file
  race     recipes × losses × seeds of a project against each other, ending in a table
  experts  list the experts that can score, with languages, licence and where they come from
  work     do the background job of a run folder (what the app starts; also for cluster jobs)
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns the exit status (0 done, 1 failed, 2 wrong usage or cancelled)."""
    options = _parser().parse_args(arguments)
    # Read when torch is first imported: threads that wait for each other sleep instead of spinning,
    # which on a busy machine (the app, a browser, a colleague's run) halves the processor time.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # Our own words matter in a log; a library's request log does not.
    for noisy in ("httpx", "urllib3", "sentence_transformers", "bm25s"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        return int(options.verb(options))
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    run = verbs.add_parser("run", help="the whole journey on a file", description=_run.__doc__)
    run.add_argument("file", type=Path, help="CSV, TSV, XLSX, JSON, JSONL, Parquet or BEIR folder")
    run.add_argument("--base", help="model to tune (default: by the language of the data)")
    run.add_argument("--experts", help="comma-separated keys (default: by language)")
    run.add_argument(
        "--recipe",
        default="reliability:0.5",
        help="RULE[:BLEND], for example mean:0.3, or a JSON file of a label recipe",
    )
    run.add_argument("--preset", default="balanced", help="quick, balanced or thorough")
    run.add_argument(
        "--config", type=Path, help="settings of the Tune page (JSON) instead of a preset"
    )
    run.add_argument(
        "--overrides", type=Path, help="labels set by hand, as a report offers them (JSON)"
    )
    run.add_argument(
        "--seed", type=int, default=0, help="of the split and, without --config, of tuning (0)"
    )
    run.add_argument("--out", type=Path, help="folder for report and model (default: workspace)")
    run.add_argument("--language", default="en", choices=["en", "ja"], help="of the report")
    run.add_argument(
        "--examine",
        action="store_true",
        help="measure the shape of the vectors and the speed of each model too, as the app does",
    )
    run.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    run.set_defaults(verb=_run)
    _add_tune(verbs)
    _add_race(verbs)
    experts = verbs.add_parser("experts", help="list the experts", description=_experts.__doc__)
    experts.set_defaults(verb=_experts)
    work = verbs.add_parser("work", help="do a background job", description=_work.__doc__)
    work.add_argument("folder", type=Path, help="run folder with a request.json")
    work.set_defaults(verb=_work)
    return parser


def _add_tune(verbs: Any) -> None:
    tune = verbs.add_parser(
        "tune",
        help="fine-tune only, with settings from a JSON file",
        description=_tune.__doc__,
        epilog="Exit status: 0 done, 1 failed, 2 cancelled. A run that was killed goes on with: "
        "python -m core work RUN_FOLDER",
    )
    tune.add_argument("file", type=Path, nargs="?", help="data file or BEIR folder")
    tune.add_argument("--project", help="id or name of a project of the app, instead of a file")
    tune.add_argument("--config", type=Path, help="settings as exported on the Tune page (JSON)")
    tune.add_argument("--preset", default="balanced", help="without --config (default balanced)")
    tune.add_argument("--base", help="model to tune (default: of the settings, or by language)")
    tune.add_argument("--experts", help="with a file: comma-separated keys (default: by language)")
    tune.add_argument(
        "--recipe",
        help="with a file: RULE[:BLEND] or JSON file (default reliability:0.5); with a project: "
        "the name of a saved recipe (default: the one in use)",
    )
    tune.add_argument("--seed", type=int, default=0, help="with a file: of its split (default 0)")
    tune.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    tune.set_defaults(verb=_tune)


def _add_race(verbs: Any) -> None:
    race = verbs.add_parser("race", help="which settings are best?", description=_race.__doc__)
    race.add_argument("project", help="id or name of a project of the app")
    race.add_argument("--recipes", help="comma-separated names (default: the recipe in use)")
    race.add_argument("--losses", default="kl,mse", help="comma-separated keys (default kl,mse)")
    race.add_argument("--seeds", type=int, default=3, help="runs per contestant (default 3)")
    race.add_argument("--preset", default="balanced", help="quick, balanced or thorough")
    race.add_argument("--base", help="model to tune (default: by language)")
    race.add_argument("--keep", default="winner", help="models to keep: winner, all or none")
    race.set_defaults(verb=_race)


def _run(options: argparse.Namespace) -> int:
    """Import, score, label, tune, compare, report; models and vectors are kept in $WORKSPACE."""
    from core.journey.headless import HeadlessOptions, run

    experts = tuple(filter(None, (options.experts or "").split(",")))
    run(
        HeadlessOptions(
            file=options.file,
            base=options.base,
            experts=experts,
            recipe=options.recipe,
            preset=options.preset,
            config=options.config,
            overrides=options.overrides,
            seed=options.seed,
            out=options.out,
            language=options.language,
            as_json=options.json,
            examine=options.examine,
        )
    )
    return 0


def _tune(options: argparse.Namespace) -> int:
    """Fine-tune a model on a project or a data file; writes a run folder into $WORKSPACE/runs.

    On a project the run appears on its Tune page, where it can be followed and compared.
    """
    from core.journey.tune_command import TuneOptions, tune

    return tune(
        TuneOptions(
            file=options.file,
            project=options.project,
            config=options.config,
            preset=options.preset,
            base=options.base,
            experts=tuple(filter(None, (options.experts or "").split(","))),
            recipe=options.recipe,
            seed=options.seed,
            as_json=options.json,
        )
    )


def _race(options: argparse.Namespace) -> int:
    """Race recipes and losses of a project, hard labels always among them; prints the table.

    The race runs in the background and is on the project's Tune page; Ctrl+C leaves it running.
    """
    from core.journey.race_command import RaceOptions, race

    return race(
        RaceOptions(
            project=options.project,
            recipes=tuple(filter(None, (options.recipes or "").split(","))),
            losses=tuple(filter(None, options.losses.split(","))),
            seeds=options.seeds,
            preset=options.preset,
            base=options.base,
            keep=options.keep,
        )
    )


def _experts(options: argparse.Namespace) -> int:
    """List key, languages, licence, kind (trainable or family) and whether it is at hand."""
    from core.experts.catalogue import catalogue
    from core.workspace.workspace import Workspace

    store = Workspace.open().models
    for entry in catalogue().values():
        at_hand = entry.availability(store)
        languages = ",".join(entry.languages)
        kind = "trainable" if entry.trainable else entry.family
        columns = (f"{entry.key:38}", f"{languages:24}", f"{entry.licence:12}", f"{kind:13}")
        sys.stdout.write(f"{' '.join(columns)} {at_hand.message}\n")
    return 0


def _work(options: argparse.Namespace) -> int:
    """Do the job of a run folder; the folder is all that a worker needs to know."""
    from core.journey.steps import work

    return work(options.folder)


if __name__ == "__main__":
    sys.exit(main())
