"""The watch on the Pilot page: before a look, and after one with and without experts to ask."""

from __future__ import annotations

from core.journey.experts import run_scoring
from core.journey.labels import save_recipe
from core.journey.pilot import looking, searching, watching
from core.journey.rating import rate_pair
from core.types.pilot_events import PilotArm
from core.types.recipes import LabelRecipe
from core.types.watch_looks import WatchCriteria
from tests.as_seen import texts
from tests.journey.pilot.test_watching import HERE, LISTENS, ask
from tests.reporting.finished_journey import BASE, TOPICS


def watched(opened, language: str = "en"):
    at = opened(language)
    at.session_state["pilot_tab"] = {"en": "Watch", "ja": "見守り"}[language]
    return at.run()


def test_before_a_look_the_page_says_what_one_does(opened):
    at = watched(opened)
    assert not at.exception and "It changes nothing" in texts(at)
    assert "watch_disagree_on" in {box.key for box in at.checkbox}


def test_how_far_experts_agree_is_drawn_with_one_sentence_and_who_was_not_asked(made, opened):
    project = made.project
    plan = searching.start_page(project, "ann", champion=PilotArm("", BASE))
    ask(project, plan, [f"a {one} and a {other}" for one in TOPICS[:5] for other in TOPICS[5:11]])
    save_recipe(project, "with an API", LabelRecipe(("bm25", "tfidf", "api:out")), "ann")
    run = watching.launch_look(project, "ann", start=HERE)
    look = watching.look_of(project, run)
    assert [voice.expert for voice in look.agreement.voices] == ["bm25", "tfidf"]
    at = watched(opened)
    told = texts(at)
    assert not at.exception and "of 100 points about new questions" in told
    assert "out was not asked: its server would be sent texts" in told
    (voices,) = (f.value for f in at.dataframe if "Learned from" in f.value.columns)
    assert list(voices["Expert"]) == ["BM25", "TF-IDF"] and len(voices.columns) == 3
    assert "一致" in texts(watched(opened, "ja"))


def test_who_people_agree_with_stands_beside_it_once_they_judged(made):
    project = made.project
    dataset = project.load_dataset()
    plan = searching.start_page(project, "ann", champion=PilotArm("", BASE))
    ask(project, plan, [f"where is a {topic}" for topic in TOPICS])
    for number, row in enumerate(dataset.seen_rows[:40].tolist()):
        right = int(dataset.right_answers(row)[0])
        answer = right if number % 2 else (right + 7) % len(dataset.answers)
        rate_pair(project, dataset, (row, answer), "eve", 5 if number % 2 else 1)
    look = looking.look_at(project, WatchCriteria(), LISTENS)
    assert [voice.people for voice in look.agreement.voices] == [None, None], "not scored yet"
    run_scoring(project.workspace, dataset, ("bm25", "tfidf"), LISTENS)
    look = looking.look_at(project, WatchCriteria(), LISTENS)
    for voice in look.agreement.voices:
        assert voice.pairs == 40 and voice.people.value > 0.9, voice
