"""Settings go out and come back the same; a file edited by hand is read exactly or refused."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings as examples, strategies as st

from core.errors import TuningError
from core.tuning.data_rules import reading_of, rules_for
from core.tuning.presets import FORMAT, PRESETS, VERSION, from_document, suits, to_document
from core.types.tuning_config import TuningConfig, settings

# A busy machine is no failure.
SLOW = examples(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def values_of(setting: dataclasses.Field[Any]) -> st.SearchStrategy[Any]:
    """Every value that a setting may have."""
    allowed = setting.metadata
    if allowed["choices"] is not None:
        return st.sampled_from(list(allowed["choices"]))
    if isinstance(setting.default, bool):
        return st.booleans()
    if isinstance(setting.default, int):
        return st.integers(allowed["low"], allowed["high"])
    if isinstance(setting.default, float):
        return st.floats(allowed["low"], allowed["high"])
    return st.text(max_size=60)


CONFIGS = st.fixed_dictionaries({one.name: values_of(one) for one in settings()})


def document(**values: Any) -> bytes:
    return json.dumps({"format": FORMAT, "version": VERSION, "settings": values}).encode()


@SLOW
@given(CONFIGS)
def test_every_config_comes_back_as_it_was(values):
    """A rounded learning rate would make a repeated run another run."""
    config = TuningConfig(**values)
    back = from_document(to_document(config))
    assert back == config and back.id == config.id


def test_left_out_settings_have_their_defaults():
    assert from_document(document(epochs=7)) == TuningConfig(epochs=7)


@pytest.mark.parametrize("value", [4.0, 4])
def test_one_kind_of_number_in_json(value):
    found = from_document(document(epochs=value, weight_decay=0))
    assert (found.epochs, found.weight_decay) == (4, 0.0)
    assert type(found.epochs) is int and type(found.weight_decay) is float


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 50_000, "not JSON"),
        (b"[]", "does not hold tuning settings"),
        (b"{}", "does not hold tuning settings"),
        (b'{"format": "other", "version": 1, "settings": {}}', "its format is other"),
        (json.dumps({"format": FORMAT, "version": 2, "settings": {}}).encode(), "version 2"),
        (json.dumps({"format": FORMAT, "version": 1, "settings": []}).encode(), "its part"),
        (document(epoch=3), "Did you mean epochs?"),
        (document(zzzzzzzz=3), "There is no tuning setting zzzzzzzz. Remove it."),
        (document(epochs=0), "from 1 to 100"),
        (document(epochs=2.5), "epochs is 2.5. It must be a whole number"),
        (document(epochs=True), "epochs is true. It must be a whole number"),
        (document(epochs="4"), 'epochs is "4". It must be a whole number'),
        (document(epochs=10**400), "It must be a whole number"),
        (document(learning_rate=10**400), "from 1e-08 to 1.0"),
        (document(learning_rate=float("nan")), "Choose a number from"),
        (document(learning_rate=None), "learning_rate is null. It must be a number"),
        (document(loss="magic"), "Choose one of: kl"),
        (document(base_model=7), "must be a text"),
        (b" " * 200_000, "200 kB"),
    ],
)
def test_what_cannot_be_read_is_said(content, said):
    with pytest.raises(TuningError) as caught:
        from_document(content)
    assert said in str(caught.value)


@SLOW
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_file_crashes_the_reader(content):
    with pytest.raises(TuningError):
        from_document(content)


def test_presets_are_valid_described_and_different():
    configs = {key: preset.config() for key, preset in PRESETS.items()}
    assert list(configs) == ["quick", "balanced", "thorough"]
    assert len(set(configs.values())) == 3
    assert all(preset.title and preset.meaning for preset in PRESETS.values())
    assert PRESETS["quick"].config(epochs=7).epochs == 7


def test_every_choice_of_a_preset_says_why_and_changes_something():
    for preset in PRESETS.values():
        names = [choice.setting for choice in preset.choices]
        assert len(set(names)) == len(names)
        for choice in preset.choices:
            assert choice.why and getattr(TuningConfig(), choice.setting) != choice.value


def with_answers(dataset, *texts):
    """The data with these answers, each as often as it fits."""
    answers = tuple(texts[row % len(texts)] for row in range(len(dataset.answers)))
    return dataclasses.replace(dataset, answers=answers)


@pytest.mark.parametrize(
    ("texts", "length"),
    [
        (("short",), 128),  # a limit that cuts nothing costs nothing
        (("word " * 160,), 224),  # 800 bytes: 202 word pieces, up to the next 32
        (("長い文" * 90,), 224),  # a sign of Japanese is three bytes: the same
        (("word " * 2000,), 256),
        (("short", "word " * 160), 224),
    ],
)
def test_the_answers_decide_how_much_of_a_text_is_read(small_dataset, texts, length):
    dataset = with_answers(small_dataset, *texts)
    found = reading_of(PRESETS["balanced"].config(), dataset)
    assert (found.length, found.by_data) == (length, True)
    assert found.longer == sum(len(t.encode()) > 512 for t in texts) / len(texts)
    by_hand = reading_of(TuningConfig(max_length=64), dataset)
    assert (by_hand.length, by_hand.by_data) == (64, False)


def test_what_the_data_decide_is_said(small_dataset):
    config = PRESETS["balanced"].config(base_model="m")
    told = rules_for(with_answers(small_dataset, "word " * 160), config, 200)
    assert "Up to 224 word pieces of each text are read, because 100%" in str(told[0])
    assert "1.0 right answers on average" in str(told[1]) and "not learned from" in str(told[1])
    assert len(told) == 2  # 200 steps are enough
    (short, *_) = rules_for(with_answers(small_dataset, "short"), config, 200)
    assert str(short) == "128 word pieces of each text are read, enough for your answers."
    assert "4 steps are few, so each is 2.0 times as large (learning rate 1.0e-04)" in str(
        rules_for(small_dataset, config, 4)[-1]
    )
    assert not rules_for(small_dataset, TuningConfig(loss="infonce", max_length=64), 4)


def test_settings_of_earlier_versions_keep_their_id():
    """The id names a run: one that was stopped before an update would else start from nothing."""
    assert TuningConfig().id == "65603dc8fc3d64d6"
    assert TuningConfig(spare_unasked=True).id != TuningConfig().id


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.key)
def test_settings_that_suit_a_base_model_win_over_the_preset_and_lose_to_what_is_set(
    preset,
) -> None:
    usual = preset.config(base_model="multilingual-e5-small-4bit")
    suited = preset.config(base_model="all-MiniLM-L6-v2")
    differing = {f.name for f in settings() if getattr(usual, f.name) != getattr(suited, f.name)}
    assert differing == {"base_model", *suits("all-MiniLM-L6-v2")}
    assert (usual.learning_rate, suited.learning_rate) == (5e-5, 1e-4)
    by_hand = preset.config(base_model="all-MiniLM-L6-v2", learning_rate=2e-5)
    assert by_hand.learning_rate == 2e-5 and by_hand.usual_steps == suited.usual_steps
