"""Command line: ``python -m core VERB``; the same journey as the app, without a browser."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from core.errors import AppError

DESCRIPTION = """\
Make search over your own questions and answers measurably better.

verbs:
  run      the whole journey on a file, ending in a verdict table and a report
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
    run.add_argument("--seed", type=int, default=0, help="of the split and of tuning (default 0)")
    run.add_argument("--out", type=Path, help="folder for report and model (default: workspace)")
    run.add_argument("--language", default="en", choices=["en", "ja"], help="of the report")
    run.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    run.set_defaults(verb=_run)
    experts = verbs.add_parser("experts", help="list the experts", description=_experts.__doc__)
    experts.set_defaults(verb=_experts)
    work = verbs.add_parser("work", help="do a background job", description=_work.__doc__)
    work.add_argument("folder", type=Path, help="run folder with a request.json")
    work.set_defaults(verb=_work)
    return parser


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
            seed=options.seed,
            out=options.out,
            language=options.language,
            as_json=options.json,
        )
    )
    return 0


def _experts(options: argparse.Namespace) -> int:
    """List key, languages, licence, kind (trainable or family) and whether it is at hand."""
    from core.experts.catalogue import availability, catalogue
    from core.workspace.workspace import Workspace

    store = Workspace.open().models
    for entry in catalogue().values():
        at_hand = availability(entry, store)
        languages = ",".join(entry.languages)
        kind = "trainable" if entry.trainable else entry.family
        columns = (f"{entry.key:38}", f"{languages:24}", f"{entry.licence:12}", f"{kind:13}")
        sys.stdout.write(f"{' '.join(columns)} {at_hand.message}\n")
    return 0


def _work(options: argparse.Namespace) -> int:
    """Do the job of a run folder; the folder is all that a worker needs to know."""
    from core.journey.worker import work

    return work(options.folder)


if __name__ == "__main__":
    sys.exit(main())
