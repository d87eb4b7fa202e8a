"""The model of language finds names that no list holds, and is never needed."""

from __future__ import annotations

import pytest

from core.data.personal import japanese_model as module
from core.data.personal.recognition import personal_data

RARE = "昨日、小鳥遊隼斗さんが荷物を受け取り、御手洗美桜に渡した。"


def test_names_beyond_the_lists_are_found():
    pytest.importorskip("ja_ginza")
    more = module.japanese_model()
    assert more is not None
    assert personal_data([RARE], [1], more)["name"].count == 1
    assert not personal_data(["plain English, no Kanji"], [1], more)


def test_without_the_model_everything_else_is_found(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert module.japanese_model() is None
    assert set(personal_data(["090-1234-5678 へ"], [1], None)) == {"phone"}
