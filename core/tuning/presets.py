"""Settings that people choose by name, and settings as a file that they keep, share and edit.

    {
     "format": "search-tuner/tuning-settings",
     "version": 1,
     "settings": {"base_model": "all-MiniLM-L6-v2", "epochs": 4, …}
    }

Settings that are left out of a file have their defaults; an unknown one is an error, because a
misspelt name would otherwise be a setting that silently does nothing.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
from dataclasses import dataclass
from typing import Any

from core.errors import TuningError
from core.messages import N_
from core.types.tuning_config import TuningConfig, settings

FORMAT = "search-tuner/tuning-settings"
VERSION = 1
_WRONG_KIND = {
    int: N_("The tuning setting {name} is {value}. It must be a whole number."),
    float: N_("The tuning setting {name} is {value}. It must be a number."),
    str: N_("The tuning setting {name} is {value}. It must be a text in quotation marks."),
    bool: N_("The tuning setting {name} is {value}. It must be true or false."),
}
LARGEST = 100_000  # bytes; a whole document has about one thousand


@dataclass(frozen=True)
class Choice:
    """A setting that is not what settings of earlier versions mean by leaving it out.

    Attributes
    ----------
    setting : str
        Name of a field of :class:`TuningConfig`.
    value : object
    why : str
        In one line, for whoever wants to change it; the measurements are in docs/method.md.
    """

    setting: str
    value: Any
    why: str


@dataclass(frozen=True)
class Preset:
    """A named choice of settings for people who do not want to choose settings.

    Attributes
    ----------
    key : str
    title, meaning : str
        Message ids.
    choices : tuple of Choice
        What differs from the defaults of :class:`TuningConfig`.
    """

    key: str
    title: str
    meaning: str
    choices: tuple[Choice, ...] = ()

    def config(self, **settings: Any) -> TuningConfig:
        """Return the preset as a config; ``settings`` (base model, seed, …) win over the preset."""
        suited = suits(settings.get("base_model", ""))
        chosen = {choice.setting: choice.value for choice in self.choices}
        return TuningConfig(**{**chosen, **suited, **settings})


# What suits one base model better than the careful settings of all.
_SUITED: dict[str, tuple[Choice, ...]] = {
    "all-MiniLM-L6-v2": (
        Choice("learning_rate", 1e-4, "StackFAQ +0.115 instead of +0.096, the sample unharmed"),
        Choice("usual_steps", 0, "at the larger rate short runs need no larger steps"),
    ),
}


def suits(base_model: str) -> dict[str, Any]:
    """Return the settings that every preset has otherwise for this base model, by name."""
    return {choice.setting: choice.value for choice in _SUITED.get(base_model, ())}


# What the data decide instead stands in core/tuning/data_rules.py. None of these is a default of
# TuningConfig, so that what was saved before goes on meaning what it meant.
_TODAY = (
    Choice("learning_rate", 5e-5, "at 1e-4 multilingual-e5-small gains 0.010 less on a split"),
    Choice(
        "usual_steps", 50, "little data must move the model, too: shorter runs take larger steps"
    ),
    Choice("dropout", False, "it took a third of the time of a step on a CPU"),
    Choice(
        "right_answers_per_question", 6, "all of a question join its step instead of taking turns"
    ),
    Choice("whole_corpus", True, "an open question learns nothing from a step beside the point"),
    Choice(
        "candidates_per_question", 2, "with the whole corpus a step is three times cheaper than six"
    ),
    Choice("spare_unasked", True, "answers only ever pushed away lose: unseen 0.653 to 0.570"),
    Choice("guard_regimes", True, "no gain of one test is worth a loss of the other"),
)
_BY_DATA = Choice("max_length", 0, "passages cut at 128 gain nothing on unseen answers")

PRESETS: dict[str, Preset] = {
    preset.key: preset
    for preset in (
        Preset(
            "quick",
            N_("Quick look"),
            N_("One pass over the data: shows soonest whether tuning helps."),
            (
                Choice("epochs", 1, "one pass: the shortest run that shows something"),
                _BY_DATA,
                Choice("interpolation", "off", "saves the checks of the mixtures"),
                *_TODAY,
            ),
        ),
        Preset(
            "balanced",
            N_("Balanced"),
            N_("Recommended: most of the gain that there is."),
            (_BY_DATA, *_TODAY),
        ),
        Preset(
            "thorough",
            N_("Thorough"),
            N_("Reads longer texts and goes over the data more often."),
            (
                Choice("epochs", 6, "half as many passes again"),
                Choice("max_length", 256, "the longest that was measured, whatever the data are"),
                Choice("patience", 6, "more checks in a row without a new best"),
                *_TODAY,
            ),
        ),
    )
}


def to_document(config: TuningConfig) -> bytes:
    """Return all settings as a JSON document in UTF-8."""
    document = {"format": FORMAT, "version": VERSION, "settings": dataclasses.asdict(config)}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def from_document(content: bytes) -> TuningConfig:
    """Read what :func:`to_document` wrote, also after somebody edited it.

    Raises
    ------
    TuningError
        If it is not such a document or of a newer version, or a setting is unknown, of the wrong
        kind or out of range; the text names the setting and what it may be.
    """
    document = _parsed(content)
    if document.get("format") != FORMAT:
        raise TuningError(
            "This file does not hold tuning settings: its format is {found}, expected {expected}. "
            "Take a file that was exported on the Tune page.",
            found=str(document.get("format", "–"))[:80],
            expected=FORMAT,
        )
    values = document.get("settings")
    if not isinstance(values, dict):
        raise TuningError(
            "This file holds no tuning settings: its part {part} is missing or does not list names "
            "with values. Take a file that was exported on the Tune page.",
            part="settings",
        )
    version = document.get("version")
    if version != VERSION:
        raise TuningError(
            "These settings have the version {found}; this program reads version {known}. Export "
            "them again with this program.",
            found=str(version)[:20],
            known=VERSION,
        )
    known = {setting.name: setting for setting in settings()}
    for name in values:
        if name not in known:
            raise _unknown(name, list(known))
    return TuningConfig(**{name: _value(known[name], value) for name, value in values.items()})


def _parsed(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST:
        raise TuningError(
            "This file has {size} kB; settings have less than {largest} kB. Take a file that was "
            "exported on the Tune page.",
            size=len(content) // 1000,
            largest=LARGEST // 1000,
        )
    try:
        document = json.loads(content.decode("utf-8-sig"))  # editors on Windows add a mark
    except (ValueError, RecursionError) as error:
        raise TuningError(
            "This file is not JSON: {reason}. Take a file that was exported on the Tune page.",
            reason=str(error)[:200],
        ) from error
    return document if isinstance(document, dict) else {}


def _unknown(name: str, known: list[str]) -> TuningError:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return TuningError(
            "There is no tuning setting {name}. Did you mean {near}?",
            name=name[:80],
            near=near[0],
        )
    return TuningError(
        "There is no tuning setting {name}. Remove it. Settings: {known}.",
        name=name[:80],
        known=", ".join(known),
    )


def _value(setting: dataclasses.Field[Any], value: object) -> Any:
    """Return a value of the kind of the setting's default; its range is checked by the config."""
    kind = type(setting.default)
    if type(value) is int and abs(value) > 2**53:
        value = float("inf")  # JSON knows no limit, but no setting is that large
    if kind is float and type(value) is int:
        return float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)  # 4.0: JSON has one kind of number
    if type(value) is not kind:
        raise TuningError(
            _WRONG_KIND[kind],
            name=setting.name,
            value=json.dumps(value, ensure_ascii=False)[:80],
        )
    return value
