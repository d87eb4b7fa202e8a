"""``run``, ``tune``, ``race`` and ``experts``: the app's own steps, taken from a terminal."""

from __future__ import annotations

import getpass
import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.cli.options import (
    AuditOptions,
    BackupOptions,
    EraseOptions,
    ExpertsOptions,
    JourneyOptions,
    PasscodeOptions,
    RaceOptions,
    RestoreOptions,
    RunOptions,
    TrainingOptions,
    TrimOptions,
    TuneOptions,
    WatchOptions,
)
from core.cli.terminal import (
    SpokenReporter,
    TerminalReporter,
    print_examined,
    print_look,
    print_race,
    print_tuned,
    print_verdict,
    say_what_data_allow,
    say_what_folds_agreed_on,
    say_what_was_decided,
    say_who_is_before,
)
from core.documents import to_json
from core.errors import DataError, TuningError, WorkspaceError
from core.journey.command_inputs import (
    ReadingOptions,
    check_preset,
    chosen_settings,
    parse_recipe,
    read_data,
    read_open,
    read_overrides,
    read_settings,
)
from core.journey.compare import (
    by_what_counts,
    load_comparison,
    load_examination,
    present_regimes,
)
from core.journey.cross_fit import (
    CROSS_FIT,
    cross_fit_so_far,
    cross_fits,
)
from core.journey.data import (
    LogPreview,
    add_open_questions,
    erase_texts,
    find_texts,
    keep_what_data_allow,
    open_told,
    what_data_allow,
)
from core.journey.experiments import launch_race, race_result, races, racing_recipes
from core.journey.experts import (
    all_experts,
    check_experts,
    get_expert,
    launch_scoring,
    scoring_report,
    suggested_experts,
    trim_model,
)
from core.journey.improve import NAMED, SUGGESTED, Walk
from core.journey.jobs import FAILED, FINISHED, WAITING, job, result_of
from core.journey.labels import (
    CorrectionFile,
    recipe_in_use,
    recipes,
    take_corrections,
)
from core.journey.personal import (
    KEEP,
    allow_sharing,
    found_in,
    handling_of,
    keep_placeholders,
    told,
)
from core.journey.pilot.watching import launch_look, look_of
from core.journey.projects import (
    Manifest,
    Project,
    Workspace,
    back_up,
    create_project_with,
    delete_project,
    restore,
    scored_experts,
    sweep,
)
from core.journey.report import write_report
from core.journey.sending import (
    TermsSheet,
    catalogue_terms,
    confirm_terms,
    confirmed_terms,
    connections,
    terms_sheets,
)
from core.journey.steps import in_this_process
from core.journey.tune import launch_tuning, read_run
from core.progress import Progress
from core.types import Comparison, QADataset
from core.types.access import hashed
from core.types.expert_entry import Availability, CatalogueEntry
from core.types.personal_rules import TermsConfirmed
from core.types.sufficiency import Sufficiency
from core.types.tuning_config import TuningConfig

_LOOK_EVERY_SECONDS = 2.0
FIRED_STATUS = 3  # of watch: a criterion holds


def run(options: RunOptions) -> int:
    """Make a project of a file, walk it through every stop and print the verdict table.

    Raises
    ------
    AppError
        With a readable text, whatever goes wrong.
    Stopped
        If somebody ended a job in the app and nothing of it was kept.
    """
    by_hand = read_overrides(options.overrides) if options.overrides else ()
    walk = TerminalWalk(options.workspace)
    project, config = walk.labelled_project(options, options.file, options.recipe, options.seed)
    if options.overrides is not None:
        file = CorrectionFile(by_hand, 0, ())
        take_corrections(project, file, options.overrides.name, walk.who)
    way = walk.way(project, options.verdict)
    tuned, compared = walk.tune_and_compare(project, config, way, examined=options.examine)
    if way == CROSS_FIT:
        walk.say_what_folds_said(project, compared)
    comparison = by_what_counts(project, load_comparison(project.workspace, compared))
    examined = load_examination(project.workspace, compared)
    if options.examine:  # one job, of which people want to know both parts
        # folds are compared while they are tuned
        longest = "compare" if "compare" in walk.seconds else "tune"
        walk.seconds[longest] = round(walk.seconds[longest] - examined.seconds, 2)
        walk.seconds["examine"] = examined.seconds
    with walk.stop("report"):
        page = write_report(project, compared, options.language, walk.who, to_share=False)
    model = walk.folder(tuned) / "model"
    if options.out is not None:
        page, model = _copied(options.out.resolve() / tuned, page, model)
    print_verdict(comparison)
    print_examined(examined)
    sys.stdout.write(f"Report: {page}\nModel:  {model}\n")
    if options.json:
        places = {"seconds": walk.seconds, "report": str(page), "model": str(model)}
        places |= {"data": walk.allowed.to_json()}
        _print_json(_figures(comparison) | places)
    return 0


def tune(options: TuneOptions) -> int:
    """Tune a model on a project or on a file; returns the exit status of a worker.

    Raises
    ------
    AppError
        If the run cannot be started; what goes wrong later is printed.
    """
    if (options.file is None) == (options.project is None):
        raise DataError("Name either a data file or a project with --project, not both.")
    walk, saved = TerminalWalk(options.workspace), None
    if options.file is not None:
        recipe = options.recipe or RunOptions.recipe
        project, config = walk.labelled_project(options, options.file, recipe)
    else:
        project = named_project(walk.workspace, options.project or "")
        settings = read_settings(options.config) if options.config else None
        project = walk.opened(project, options)
        config = chosen_settings(
            project.load_dataset(), settings, options.preset, options.base, trim=options.trim
        )
        if options.recipe is not None:
            named = {recipe.name: recipe for recipe in reversed(recipes(project))}
            if options.recipe not in named:
                raise TuningError(
                    "The project {project} has no recipe {name}. Recipes: {known}.",
                    project=project.name,
                    name=options.recipe,
                    known=", ".join(named) or "–",
                )
            saved = named[options.recipe]
    run_id = launch_tuning(project, config, walk.who, saved, walk.start)
    tuned, folder = read_run(walk.workspace, job(walk.workspace, run_id)), walk.folder(run_id)
    print_tuned(tuned, folder)
    if options.json and tuned.result is not None:
        _print_json({"run": str(folder), **result_of(walk.workspace, run_id)})
    return {FINISHED: 0, FAILED: 1}.get(tuned.job.state, 2)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


class TerminalWalk(Walk):
    """The walk from data to verdict, told on standard error, with the time of each stop.

    Attributes
    ----------
    seconds : mapping of stop to seconds
    allowed : Sufficiency
        What the data allow, once they were read.
    """

    allowed: Sufficiency

    def __init__(self, workspace: Path | None) -> None:
        start = in_this_process(self._begun, SpokenReporter)
        super().__init__(Workspace.open(workspace), _who(), start, say_what_was_decided)
        self.seconds: dict[str, float] = {}

    def folder(self, run_id: str) -> Path:
        """Return the folder of a job."""
        return self.workspace.run_folder(run_id)

    def _begun(self, folder: Path) -> None:
        view = job(self.workspace, folder.name)
        sys.stderr.write(f"{view.kind} {folder}\n")
        say_who_is_before(self.workspace, view)

    @contextmanager
    def stop(self, key: str) -> Iterator[None]:
        """Say which stop begins, and keep how long it takes."""
        sys.stderr.write(f"{key}\n")
        start = time.monotonic()
        yield
        self.seconds[key] = round(time.monotonic() - start, 2)

    def labelled_project(
        self, options: JourneyOptions, file: Path, recipe: str, tuning_seed: int = 0
    ) -> tuple[Project, TuningConfig]:
        """Import a file, let experts score it and save a recipe; returns project and settings."""
        settings = read_settings(options.config) if options.config else None
        check_preset(options.preset)
        check_experts(options.experts)
        parse_recipe(recipe, options.experts)  # before anything is made or takes time
        log = read_open(options.open, options.open_columns) if options.open else None
        with self.stop("data"):
            reading = ReadingOptions(
                columns=options.columns, sheet=options.sheet, encoding=options.encoding
            )
            action = KEEP if options.personal == "note" else options.personal
            handling = handling_of(None, action)
            dataset, account = read_data(
                *(file, options.seed, reading),
                split_anew=options.split,
                tell=_say,
                personal=handling,
            )
            config = chosen_settings(
                *(dataset, settings, options.preset, options.base, tuning_seed), trim=options.trim
            )
            project = create_project_with(self.workspace, dataset.name, dataset, account, self.who)
            keep_placeholders(project, handling)
            project = self.with_open(project, log, action)
            dataset = project.load_dataset()
            self.say_personal_data(project, dataset, options.personal)
            self.allowed = what_data_allow(dataset)
            say_what_data_allow(self.allowed)
        with self.stop("experts"):
            experts = options.experts or suggested_experts(self.workspace, dataset)
            self.let_score(
                project, experts, NAMED if options.experts else SUGGESTED, config.base_model
            )
            allowed = what_data_allow(dataset, scoring_report(project))
            if allowed != self.allowed:  # the experts hold a teacher
                self.allowed = allowed
                say_what_data_allow(allowed)
            keep_what_data_allow(project, allowed)
        with self.stop("labels"):
            self.make_labels(project, parse_recipe(recipe, scored_experts(project)), recipe)
        return project, config

    def say_personal_data(self, project: Project, dataset: QADataset, action: str) -> None:
        """Say which personal data were found; with ``keep`` also record that they may be shared."""
        found = found_in(dataset)
        for message in told(found):
            _say(f"personal data: {message}")
        if found and action == KEEP:
            allow_sharing(project, "--personal keep", self.who)
        elif found:
            _say(
                "personal data: kept, and not to be shared from the app before somebody decides; "
                "--personal mask, drop or keep decides now"
            )

    def with_open(self, project: Project, log: LogPreview | None, personal: str = KEEP) -> Project:
        """Add the questions of a log and say what became of them; returns the project as it is."""
        if log is None:
            return project
        account = add_open_questions(project, log, who=self.who, personal=personal)
        for message in (*account.warnings, *open_told(account)):
            _say(str(message))
        return self.workspace.project(project.id)

    def opened(self, project: Project, options: TrainingOptions) -> Project:
        """Add the log that was named to a project, and let its experts read what is new."""
        if options.open is None:
            return project
        log, experts = read_open(options.open, options.open_columns), scored_experts(project)
        project = self.with_open(project, log)
        if experts:
            with self.stop("experts"):
                scored = launch_scoring(project, experts, self.who, agreed=None, start=self.start)
                self.done(project, scored)
        return project

    def say_what_folds_said(self, project: Project, compared: str) -> None:
        """Say what the folds of a cross-fitted verdict gained and agreed on."""
        one = next(
            shown
            for shown in cross_fits(project)
            if shown.result is not None and shown.result.compare_run == compared
        )
        say_what_folds_agreed_on(cross_fit_so_far(self.workspace, one))


def race(options: RaceOptions) -> int:
    """Launch a race, follow it, print the table; returns 0 where it finished, else 1.

    Raises
    ------
    AppError
        If the race cannot be started.
    """
    walk = TerminalWalk(options.workspace)
    workspace = walk.workspace
    project = walk.opened(named_project(workspace, options.project), options)
    config = chosen_settings(
        project.load_dataset(), None, options.preset, options.base, trim=options.trim
    )
    at_hand = {recipe.name: recipe for recipe in reversed(racing_recipes(project))}
    used = recipe_in_use(project)
    wanted = options.recipes or ((used.name,) if used is not None else ())
    missing = [name for name in wanted if name not in at_hand]
    if missing:
        raise TuningError(
            "There is no recipe {missing} whose experts have scored the data. Recipes: {known}.",
            missing=", ".join(missing),
            known=", ".join(at_hand) or "–",
        )
    chosen = [at_hand[name] for name in wanted]
    run_id = launch_race(
        project, config, chosen, options.losses, options.seeds, _who(), keep=options.keep
    )
    sys.stderr.write(f"race {workspace.run_folder(run_id)}\n")
    status = _follow(workspace, run_id)
    (shown,) = (raced for raced in races(project) if raced.job.id == run_id)
    print_race(race_result(workspace, shown))
    return status


def _follow(workspace: Workspace, run_id: str) -> int:
    """Say how far a job in the background is until it ends; returns 0 where it finished."""
    said = ""
    while True:
        view = job(workspace, run_id)
        if view.state == WAITING and not said:
            said = WAITING
            say_who_is_before(workspace, view)
        if view.message is not None and str(view.message) != said:
            said = str(view.message)
            sys.stderr.write(f"  {view.fraction:4.0%} {said}\n")
        if view.is_final:
            break
        time.sleep(_LOOK_EVERY_SECONDS)
    if view.error is not None:
        sys.stderr.write(f"{view.error}\n")
    return 0 if view.state == FINISHED else 1


def watch(options: WatchOptions) -> int:
    """Look at a pilot once and print what was found; returns 3 where a criterion holds, else 0.

    Raises
    ------
    AppError
        If there is no such project, or the look failed.
    """
    workspace = Workspace.open(options.workspace)
    project = named_project(workspace, options.project)
    run_id = launch_look(project, _who(), start=in_this_process(_say_watched, SpokenReporter))
    view = job(workspace, run_id)
    if view.state != FINISHED:
        if view.error is not None:
            sys.stderr.write(f"{view.error}\n")
        return 1 if view.state == FAILED else 2
    found = look_of(project, run_id)
    print_look(found)
    if options.json:
        _print_json({**to_json(found), "fired": found.fired, "run": run_id})
    return FIRED_STATUS if found.fired else 0


def _say_watched(folder: Path) -> None:
    sys.stderr.write(f"watch {folder}\n")


def experts(options: ExpertsOptions) -> int:
    """Print key, languages, licence, kind and whether it is at hand of every expert; or get one.

    Raises
    ------
    ExpertError
        If the expert that is to be brought here cannot be had; says what to do.
    """
    workspace = Workspace.open(options.workspace)
    if options.terms or options.accept_terms:
        return _terms(workspace, options)
    if options.get is not None:
        folder = get_expert(workspace, options.get, TerminalReporter())
        if not options.json:
            sys.stdout.write(f"{options.get} {folder}\n")
            return 0
    if options.json:
        asked = [pair for pair in all_experts(workspace) if options.get in (None, pair[0].key)]
        _print_json({"experts": [_expert_facts(expert, at_hand) for expert, at_hand in asked]})
        return 0
    for expert, at_hand in all_experts(workspace):
        kind = "trainable" if expert.trainable else expert.family
        languages = ",".join(expert.languages)
        columns = f"{expert.key:38} {languages:24} {expert.licence:12} {kind:13}"
        sys.stdout.write(f"{columns} {at_hand.message}\n")
    return 0


def trim(options: TrimOptions) -> int:
    """Print the folder of a trimmed model, and what was lost and kept on the way.

    Raises
    ------
    AppError
        If the model cannot be trimmed; says why.
    """
    workspace = Workspace.open(options.workspace)
    named = options.project
    dataset = None if named is None else named_project(workspace, named).load_dataset()
    folder, done = trim_model(workspace, options.model, options.languages, dataset)
    _say(f"tokens  {done.tokens:,} of {done.before:,}")
    _say(f"weights {done.size_mb:.0f} MB of {done.before_mb:.0f} MB")
    _say(f"least cosine to the whole model {done.least_cosine:.4f}")
    _say("Warning: texts of other languages are read letter by letter now, or not at all.")
    sys.stdout.write(f"{folder}\n")
    return 0


def _expert_facts(expert: CatalogueEntry, at_hand: Availability) -> dict[str, Any]:
    published = expert.published
    return {
        "key": expert.key,
        "title": expert.title,
        "family": expert.family,
        "languages": list(expert.languages),
        "licence": expert.licence,
        "commercial_use": expert.commercial_use,
        "trainable": expert.trainable,
        "size_mb": expert.size_mb,
        "teacher_for": list(expert.teacher_for),
        "published": None if published is None else to_json(published),
        "ready": at_hand.ready,
        "where": at_hand.where,
        "message": str(at_hand.message),
    }


def _terms(workspace: Workspace, options: ExpertsOptions) -> int:
    """Print terms sheets, after confirming those that were named; returns the exit status."""
    found: list[tuple[TermsSheet, TermsConfirmed | None]]
    if options.project is None:
        if options.accept_terms:
            raise DataError("--accept-terms needs --project: terms are confirmed for a project.")
        found = [(sheet, None) for sheet in catalogue_terms(workspace)]
    else:
        project = _any_project(workspace, options.project)
        keys = [entry.key for entry, _ in all_experts(workspace)]
        keys += [connection.key for connection in connections(project)]
        check_experts(options.accept_terms)
        if options.accept_terms:
            confirm_terms(project, terms_sheets(project, options.accept_terms), _who())
        confirmed = confirmed_terms(project)
        found = [(sheet, confirmed.get(sheet.id)) for sheet in terms_sheets(project, keys)]
    if options.json:
        _print_json(
            {
                sheet.key: to_json(sheet) | {"confirmed": word and to_json(word)}
                for sheet, word in found
            }
        )
        return 0
    for sheet, word in found:
        by = f"confirmed by {word.who} at {word.at}" if word else "not confirmed"
        state = by if word or sheet.needs_confirmation else "nothing is sent"
        said = f"{sheet.teaching}: {sheet.reason} {sheet.source}".rstrip()
        sys.stdout.write(f"{sheet.key}  {sheet.goes_to}  {said}  {state}\n")
    return 0


def named_project(workspace: Workspace, wanted: str) -> Project:
    """Return the project of an id or a name, which must have data; an error lists all there are."""
    known = workspace.projects()
    project = next((project for project in known if wanted in {project.id, project.name}), None)
    if project is None:
        raise TuningError(
            "There is no project {wanted} in the workspace {folder}. Projects: {known}.",
            wanted=wanted,
            folder=str(workspace.layout.root),
            known=", ".join(f"{project.name} ({project.id})" for project in known) or "–",
        )
    if project.dataset_id is None:
        raise TuningError("The project {name} has no data yet.", name=project.name)
    return project


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a user table
        return "command line"


def _copied(target: Path, page: Path, model: Path) -> tuple[Path, Path]:
    """Copy report, workbook and model into a folder of their own; returns page and model there."""
    shutil.copytree(model, target / "model")
    for file in (page.with_suffix(".xlsx"), page):
        shutil.copy2(file, target)
    return target / page.name, target / "model"


def _figures(comparison: Comparison) -> dict[str, Any]:
    regimes = present_regimes(comparison)
    differences = {regime: comparison.difference(regime) for regime in regimes}
    general = comparison.generality
    return {
        "arms": {
            system.name: {
                regime: {
                    metric: round(system.mean(metric, comparison.regimes == regime), 6)
                    for metric in system.metrics
                }
                for regime in regimes
            }
            for system in comparison.systems
        },
        "verdict": {
            regime: {
                key: getattr(difference, key)
                for key in (
                    *("metric", "difference", "low", "high", "p", "word"),
                    *("questions", "groups"),
                )
            }
            for regime, difference in differences.items()
            if difference is not None
        },
        "way": comparison.way,
        "folds": comparison.folds,
        "widening": comparison.widening,
        "what_counts": to_json(comparison.counted),
        "generality": {
            "before": general[0].before if general else None,
            "after": general[0].after if general else None,
        },
    }


def _print_json(document: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")


def backup(options: BackupOptions) -> int:
    """Write a workspace into one file; returns the exit status."""
    workspace, progress = Workspace.open(options.workspace), Progress(TerminalReporter())
    made = back_up(workspace, options.file, caches=options.caches, progress=progress)
    return _tell_backup(made, options.file, options.json)


def restore_backup(options: RestoreOptions) -> int:
    """Bring a backup back into an empty workspace; returns the exit status."""
    workspace = Workspace.open(options.workspace)
    found = restore(options.file, workspace, Progress(TerminalReporter()))
    return _tell_backup(found, workspace.layout.root, options.json)


def audit(options: AuditOptions) -> int:
    """Print or check the audit trail of a workspace; returns the exit status."""
    if not options.workspace.is_dir():
        raise WorkspaceError("There is no folder {folder}.", folder=str(options.workspace))
    records = Workspace.open(options.workspace).records
    if not options.check:
        trail = records.sealed_trail()
        made = trail.csv() if options.format == "csv" else trail.jsonl()
        sys.stdout.write(made.decode("utf-8-sig"))
        return 0
    found = records.check_audit(options.noted)
    for fault in found.faults:
        sys.stdout.write(f"{fault}\n")
    sys.stdout.write(
        f"{found.entries} entries, {found.erased} with erased details, "
        f"{len(found.faults)} faults. Last seal: {found.last or '–'}\n"
    )
    return 1 if found.faults else 0


def passcode(options: PasscodeOptions) -> int:
    """Print a passcode as it may be kept in a file; returns the exit status."""
    typed = getpass.getpass("Passcode: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    sys.stdout.write(f"PASSCODE={hashed(typed)}\n")
    return 0


def _tell_backup(manifest: Manifest, place: Path, as_json: bool) -> int:
    facts = {
        "place": str(place),
        "made_at": manifest.made_at,
        "projects": manifest.tables.get("projects", 0),
        "rows": sum(manifest.tables.values()),
        "files": len(manifest.files) - len(manifest.tables),
        "bytes": manifest.size,
    }
    if as_json:
        _print_json(facts)
    else:
        sys.stdout.write(
            f"{place}: {facts['projects']} projects, {facts['rows']} records, {facts['files']} "
            f"files, {manifest.size / 1e6:.1f} MB, as of {manifest.made_at}\n"
        )
    return 0


def erase(options: EraseOptions) -> int:
    """Erase a project, old projects or single texts; returns the exit status."""
    workspace = Workspace.open(options.workspace)
    if (options.project is None) == (options.older_than is None):
        raise DataError("Name either a project or --older-than DAYS, not both.")
    if options.older_than is not None and options.text:
        raise DataError("--text needs the name of a project, not --older-than.")
    if options.older_than is not None and options.older_than < 1:
        raise DataError("--older-than needs a whole number of days, 1 or more.")
    if not options.yes:
        sys.stdout.write(f"{_would_be_erased(workspace, options)} Add --yes to erase.\n")
        return 1
    if options.older_than is not None:
        receipts = sweep(workspace, options.older_than)
    else:
        project = _any_project(workspace, options.project or "")
        receipts = [
            erase_texts(project, _texts_with(project, options.text), _who())
            if options.text
            else delete_project(project, _who())
        ]
    for receipt in receipts:
        if options.json:
            _print_json(to_json(receipt))
            continue
        removed = ", ".join(f"{one.kind} {one.count}" for one in receipt.removed)
        sys.stdout.write(f"{receipt.what}: removed {removed or 'nothing'}\n")
        for title, messages in (("kept", receipt.kept), ("not reached", receipt.not_reached)):
            sys.stdout.writelines(f"  {title}: {message}\n" for message in messages)
    return 0


def _would_be_erased(workspace: Workspace, options: EraseOptions) -> str:
    if options.older_than is not None:
        return f"Projects without a change for {options.older_than} days would be erased."
    project = _any_project(workspace, options.project or "")
    if options.text:
        return f"{len(_texts_with(project, options.text))} texts of {project.name} would be erased."
    return f"{project.name} would be erased."


def _any_project(workspace: Workspace, wanted: str) -> Project:
    """Return the project of an id or a name, with data or without."""
    known = workspace.projects()
    project = next((one for one in known if wanted in {one.id, one.name}), None)
    return project if project is not None else named_project(workspace, wanted)


def _texts_with(project: Project, words: str) -> list[str]:
    questions, answers = find_texts(project.load_dataset(), words)
    if not questions and not answers:
        raise DataError("No text of {name} has all of these words.", name=project.name)
    return [*questions, *answers]
