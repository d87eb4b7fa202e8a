"""Settings of a run explain themselves, refuse what is not allowed, and survive JSON."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from core.documents import from_json, to_json
from core.errors import TuningError
from core.tuning.presets import PRESETS
from core.types.tuning_config import TuningConfig, settings


@pytest.mark.parametrize("setting", settings(), ids=lambda setting: setting.name)
def test_every_setting_explains_itself_and_refuses_what_is_not_allowed(setting):
    """A setting without words would be a bare variable name in front of a business user."""
    words = setting.metadata
    assert words["title"] and words["help"].endswith(".")
    if isinstance(setting.default, bool):
        wrong = [1, "yes", None]
    elif words["choices"]:
        wrong = ["nonsense"]
    elif words["low"] is not None:
        assert words["low"] <= setting.default <= words["high"]
        wrong = [words["low"] - 1e-6, words["high"] * 1.1, math.nan, "3", True]
    else:
        wrong = []
    for value in wrong:
        with pytest.raises(TuningError, match="tuning setting") as caught:
            TuningConfig(**{setting.name: value})
        assert setting.name in str(caught.value)


def test_a_config_survives_json_with_the_same_id():
    """The run folder keeps the config as JSON; another id after reading would prevent resuming."""
    config = PRESETS["thorough"].config(base_model="e5", seed=3)
    again = from_json(TuningConfig, json.loads(json.dumps(to_json(config))))
    assert again == config
    assert again.id == config.id
    assert dataclasses.replace(config, seed=4).id != config.id
