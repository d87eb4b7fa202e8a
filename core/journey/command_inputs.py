"""What a command line names: the data, the label recipe, the settings, labels set by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.data.file_preview import read_folder
from core.data.file_reports import (
    NO_TRAINING,
    FileReport as FileReport,
    ReadingOptions as ReadingOptions,
    chosen_columns,
    describe_columns,
    further_columns,
    read_content,
    report_on as make_report,
)
from core.data.logs.question_log import chosen_log_columns
from core.data.personal.masking import PersonalHandling, handled_import
from core.documents import from_json
from core.errors import DataError, LabelError, TuningError
from core.journey.data import LogPreview, preview, read_dataset, read_questions
from core.journey.tune import settings_in, suggested_model
from core.journey.uploads import read_apart
from core.messages import Message
from core.reporting.repeat_command import OVERRIDES
from core.tuning.device import check_device
from core.tuning.presets import LARGEST, PRESETS
from core.types import TRAIN, LabelRecipe, Override, QADataset
from core.types.judgements import claimed
from core.types.tuning_config import TuningConfig
from core.workspace.files import read_json


def report_on(
    path: Path,
    kind: str = "data",
    data: Path | None = None,
    options: ReadingOptions | None = None,
) -> FileReport:
    """Tell how a file is understood, see :func:`core.data.file_reports.report_on`, with limits."""
    try:
        return read_apart(make_report, path, kind, data, options, name=path.name)
    except DataError as error:  # a limit, or what nobody foresaw: the report says so
        return FileReport(refused=error.message)


def read_data(
    file: Path,
    seed: int,
    options: ReadingOptions | None = None,
    *,
    split_anew: bool = False,
    tell: Callable[[str], None] | None = None,
    personal: PersonalHandling | None = None,
) -> tuple[QADataset, dict[str, Any]]:
    """Read a data file or BEIR folder, as an upload in the app would be.

    Parameters
    ----------
    options : ReadingOptions or None
        Columns, sheet, encoding and rows where the guess is not wanted.
    split_anew : bool
        Leave aside the splits that a BEIR folder comes with.
    tell : callable or None
        Gets how the columns were read, and every warning of the import.
    personal : PersonalHandling or None
        What is done with personal data; None keeps them.

    Raises
    ------
    DataError
        If it cannot be read, or there is nothing to learn from.
    """
    options, tell = options or ReadingOptions(), tell or (lambda line: None)
    if file.is_dir():
        dataset, account = read_apart(
            read_folder, file, name=file.name, seed=seed, split_anew=split_anew
        )
    else:
        content = read_content(file)
        found = preview(content, file.name, options.choices)
        mapping = found.mapping
        if found.can_be_mapped:
            mapping = chosen_columns(options.columns, found.table, found.mapping)
            for role, column in describe_columns(mapping).items():
                tell(f"{role}: {column}")
            for note in (*found.guess.notes, *further_columns(found.guess, mapping)):
                tell(str(note))
        dataset, account = read_dataset(
            content, file.name, mapping, seed=seed, found=found, split_anew=split_anew
        )
    if personal is not None:
        dataset, account = handled_import(dataset, account, personal)
    for warning in account["warnings"]:
        tell(str(Message.from_json(warning)))
    if not len(dataset.rows(TRAIN)):
        raise DataError(NO_TRAINING)
    return dataset, account


def read_open(file: Path, columns: str = "") -> LogPreview:
    """Read a file of questions without answers, such as a search log.

    Parameters
    ----------
    columns : str
        ``question=…,count=…`` where the guess is not wanted.

    Raises
    ------
    DataError
        If it cannot be read, or there is no such role or column.
    """
    log = read_questions(read_content(file), file.name)
    return dataclasses.replace(log, columns=chosen_log_columns(columns, log.table, log.columns))


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


def read_settings(path: Path) -> TuningConfig:
    """Read tuning settings as the Tune page exports them.

    Raises
    ------
    TuningError
        If they are bad, or name a device that is not on this machine.
    """
    try:
        with path.open("rb") as file:
            settings = settings_in(file.read(LARGEST + 1), path.name)
    except OSError as error:
        raise TuningError(
            "The settings {file} cannot be read: {reason}. Check the path.",
            file=str(path),
            reason=error.strerror or str(error),
        ) from error
    check_device(settings.device)
    return settings


def read_overrides(path: Path) -> tuple[Override, ...]:
    """Read the labels that people set by hand, as a report ships them.

    Raises
    ------
    WorkspaceError
        If the file is missing or damaged.
    LabelError
        If it holds something else.
    """
    by_hand = read_json(path).get(OVERRIDES)
    if not isinstance(by_hand, list) or not all(isinstance(label, dict) for label in by_hand):
        raise LabelError(
            "The file {file} holds no labels set by hand. Take the file that the report offers.",
            file=str(path),
        )
    read = (from_json(Override, label) for label in by_hand)
    return tuple(dataclasses.replace(label, who=claimed(label.who)) for label in read)


def check_preset(preset: str) -> None:
    """Raise TuningError for an unknown preset, with those there are."""
    if preset not in PRESETS:
        raise TuningError(
            "There is no preset {preset}. Choose one of: {known}.",
            preset=preset,
            known=", ".join(PRESETS),
        )


def chosen_settings(
    dataset: QADataset,
    settings: TuningConfig | None,
    preset: str,
    base: str | None,
    seed: int = 0,
    trim: bool = False,
) -> TuningConfig:
    """Return the settings of a run.

    Parameters
    ----------
    settings : TuningConfig or None
        Of a file; None takes the preset.
    base : str or None
        Model to tune, also where the file names another; None takes that of the file, or the one
        that fits the language of the data.
    seed : int
        With a preset; a file has its own.
    trim : bool
        Whether the base model keeps only the words of the data's languages, whatever a file says.

    Raises
    ------
    TuningError
        If there is no such preset.
    """
    if settings is not None:
        config = dataclasses.replace(settings, base_model=base) if base else settings
    else:
        check_preset(preset)
        config = PRESETS[preset].config(base_model=base or suggested_model(dataset), seed=seed)
    return dataclasses.replace(config, trim_vocabulary=True) if trim else config
