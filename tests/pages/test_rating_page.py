"""Rating pairs: blind, kept, undone, with a name; people become an expert."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.experts.people import is_people
from core.jobs import launch
from core.jobs.folder import RunFolder, append_event
from core.journey import data, experts, rating, steps
from core.journey.projects import scored_experts
from core.types import TEST_KNOWN, TEST_UNSEEN
from core.types.judgements import WITHDRAWN
from core.workspace.feedback import CANNOT_SAY, STARS, in_force
from core.workspace.workspace import Workspace

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "shop_faq_flawed.xlsx"
LEXICAL = ("bm25", "tfidf")
TABS = ("Rate pairs", "Upload ratings", "What people said")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose data two lexical experts have scored."""
    root = tmp_path_factory.mktemp("made")
    workspace = Workspace.open(root)
    project = workspace.create_project("Loaded", "me")
    data.import_file(project, SAMPLE.read_bytes(), SAMPLE.name, who="me")
    project = workspace.project(project.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.setattr(launch, "_start", lambda folder, _: append_event(folder, "launched"))
        run_id = experts.launch_scoring(project, LEXICAL, "me")
        assert steps.work(RunFolder(workspace.run_folder(run_id)).root) == 0
    return root


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Workspace:
    root = tmp_path / "workspace"
    shutil.copytree(made, root)
    return Workspace.open(root)


@pytest.fixture
def rating_as(workspace: Workspace, app):
    """Return a function that opens the Experts page with the rating part unfolded."""
    project = workspace.projects()[0]

    def open_as(name: str, tab: str = TABS[0]) -> AppTest:
        at = app(workspace.layout.root, "experts", project.id)
        at.session_state["who"] = name
        at.session_state["people_open"] = True
        at.session_state["people_tab"] = tab
        return at.run()

    return open_as


def click(at: AppTest, key: str) -> AppTest:
    return next(b for b in at.button if b.key == key).click().run()


def ratings(workspace: Workspace):
    return workspace.records.ratings(workspace.projects()[0].id)


def progress(at: AppTest) -> str:
    return next(p.proto.text for p in at.get("progress") if "rated" in p.proto.text)


def pair_shown(at: AppTest) -> tuple[str, ...]:
    return tuple(text.value for text in at.text)[-2:]


def test_folded_nothing_can_be_rated(workspace, app):
    """The keys 1 to 5 would otherwise rate pairs that nobody sees."""
    at = app(workspace.layout.root, "experts", workspace.projects()[0].id)
    assert not at.exception
    assert not [b for b in at.button if str(b.key).startswith("rate_")]


@pytest.mark.parametrize("tab", TABS[1:])
def test_in_another_tab_nothing_can_be_rated(rating_as, tab):
    at = rating_as("Ann", tab)
    assert not at.exception and not at.error
    assert not [b for b in at.button if str(b.key).startswith("rate_")]


def test_a_name_is_asked_for_before_the_first_pair(rating_as, workspace):
    """Ratings without a name could not be told apart, and all would be one rater's."""
    at = rating_as("")
    assert not [b for b in at.button if str(b.key).startswith("rate_")]
    at.text_input(key="rater_name").set_value("Ann").run()
    at = click(at, "rate_4")
    assert [(r.rater, r.value, r.scale) for r in ratings(workspace)] == [("Ann", 0.75, STARS)]


def test_rating_goes_to_the_next_pair_and_back_undoes(rating_as, workspace):
    at = rating_as("Ann")
    assert not at.exception and not at.error
    assert progress(at) == "0 of 40 rated"
    first = pair_shown(at)
    at = click(at, "rate_5")
    second = pair_shown(at)
    assert progress(at) == "1 of 40 rated" and second != first
    at = click(at, "rate_none")
    assert progress(at) == "2 of 40 rated" and pair_shown(at) not in (first, second)
    at = click(at, "rating_back")
    assert progress(at) == "1 of 40 rated" and pair_shown(at) == second
    kept = ratings(workspace)
    assert [r.scale for r in kept] == [STARS, CANNOT_SAY, WITHDRAWN], "nothing is deleted"
    assert [(r.question, r.answer) for r in in_force(kept)] == [first]


def test_a_reload_goes_on_where_the_rater_was(rating_as):
    at = click(rating_as("Ann"), "rate_3")
    again = rating_as("Ann")
    assert progress(again) == "1 of 40 rated" and pair_shown(again) == pair_shown(at)


def test_raters_see_no_score_of_experts_and_nothing_of_each_other(rating_as, workspace):
    """Who sees what a model or a colleague thinks rates that, not the answer."""
    before = rating_as("Ben")
    click(click(rating_as("Ann"), "rate_5"), "rate_5")
    after = rating_as("Ben")
    assert pair_shown(after) == pair_shown(before) and progress(after) == "0 of 40 rated"

    def rating_part(at: AppTest) -> str:
        fold = next(e for e in at.expander if e.label == "People: rate pairs yourself")
        shown = [fold.markdown, fold.caption, fold.text, fold.button, fold.metric, fold.dataframe]
        return "\n".join(str(getattr(e, "label", "")) + str(e.value) for k in shown for e in k)

    part = rating_part(after)
    assert part == rating_part(before), "a colleague's rating changes nothing on the page"
    question, answer = pair_shown(after)
    rest = part.replace(question, "").replace(answer, "")
    assert "Ann" not in rest and "right" not in rest
    assert not re.search(r"\d\.\d", rest), "no score"
    assert not {"bm25", "tfidf"} & set(re.findall(r"\w+", rest.casefold()))


def test_test_questions_are_never_shown(rating_as, workspace):
    dataset = workspace.load_dataset(workspace.projects()[0].dataset_id)
    at = rating_as("Ann")
    for _ in range(6):
        row = dataset.questions.index(pair_shown(at)[0])
        assert dataset.split[row] not in (TEST_KNOWN, TEST_UNSEEN)
        at = click(at, "rate_2")


def test_two_sessions_rating_the_same_pair_keep_both(rating_as, workspace):
    ann, ben = rating_as("Ann"), rating_as("Ben")
    assert pair_shown(ann) == pair_shown(ben), "agreement needs pairs that both rate"
    ann, ben = click(ann, "rate_5"), click(ben, "rate_2")
    ann = click(ann, "rating_back")  # takes back Ann's word only
    ann = click(ann, "rate_4")
    held = {(r.rater, r.value) for r in in_force(ratings(workspace))}
    assert held == {("Ann", 0.75), ("Ben", 0.25)}
    assert len({(r.question, r.answer) for r in in_force(ratings(workspace))}) == 1


def shared_csv(workspace: Workspace) -> bytes:
    """Ratings of two people on 12 pairs, one row of a test question, one unheard of."""
    dataset = workspace.load_dataset(workspace.projects()[0].dataset_id)
    lines = ["question\tanswer\trater\trating"]
    rows = [q for q in dataset.rows("train").tolist() if dataset.right_answers(q).size][:12]
    for i, q in enumerate(rows):
        a = int(dataset.right_answers(q)[0]) if i % 2 else (i * 7 + 1) % len(dataset.answers)
        texts = (" ".join(t.split()) for t in (dataset.questions[q], dataset.answers[a]))
        line = "\t".join(texts)
        lines += [f"{line}\tAnn\t{5 if i % 2 else 1 + i % 3}", f"{line}\tBen\t{4 if i % 2 else 1}"]
    tested = dataset.questions[int(dataset.rows(TEST_KNOWN, TEST_UNSEEN)[0])]
    answer = " ".join(dataset.answers[0].split())
    lines += [f"{' '.join(tested.split())}\t{answer}\tAnn\t5", f"unheard of\t{answer}\tAnn\t5"]
    return "\n".join(lines).encode()


def texts(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.error, at.warning, at.info, at.success)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def test_ratings_file_is_taken_and_people_become_an_expert(rating_as, workspace):
    at = rating_as("Mika", TABS[1])
    uploader = next(f for f in at.file_uploader if "ratings_file" in str(f.key))
    at = uploader.set_value(("ratings.tsv", shared_csv(workspace), "text/plain")).run()
    assert not at.exception and not at.error
    assert "24 ratings by 2 people can be taken" in texts(at)
    table = next(d.value for d in at.dataframe if "Row in your file" in d.value.columns)
    assert table["Row in your file"].tolist() == [26, 27]
    at = click(at, "take_ratings")
    assert "24 new ratings were taken." in texts(at)
    assert len(ratings(workspace)) == 24

    at = rating_as("Mika", TABS[2])
    assert not at.exception and not at.error
    assert "24 ratings by 2 people on 12 pairs" in texts(at)
    project = workspace.projects()[0]
    dataset = workspace.load_dataset(project.dataset_id)
    summary = rating.rating_summary(project, dataset)
    assert f"alpha): {summary.agreement.alpha:.2f}" in texts(at)
    at = click(at, "use_people")
    assert not at.exception and not at.error
    used = scored_experts(project)
    assert used[:2] == LEXICAL and is_people(used[2]) and len(used) == 3
    (scores,) = experts.load_expert_scores(workspace, dataset, used[2:])
    assert len(scores) == 12 and 0 <= scores.values.min() < scores.values.max() <= 1


def test_people_stay_when_other_experts_score_and_leave_when_told(rating_as, workspace, launched):
    """The choice of experts has no box for people: a new scoring would silently drop them."""
    project = workspace.projects()[0]
    dataset = workspace.load_dataset(project.dataset_id)
    click(rating_as("Ann"), "rate_5")
    key = rating.use_people(project, dataset, "me")
    at = click(rating_as("Ann", TABS[2]), "let_score")
    assert not at.exception and not at.error
    (folder,) = launched
    assert folder.read_request()["config"]["experts"] == [*LEXICAL, key]
    assert steps.work(folder.root) == 0
    assert scored_experts(project) == (*LEXICAL, key)

    at = click(rating_as("Ann", TABS[2]), "leave_people")
    assert not at.exception and not at.error
    assert scored_experts(project) == LEXICAL
    assert next(b for b in at.button if b.key == "let_score").label == "Let 2 experts score"
    assert len(ratings(workspace)) == 1, "what people said stays"


def test_newer_ratings_replace_people_in_the_panel_but_not_in_old_recipes(rating_as, workspace):
    project = workspace.projects()[0]
    dataset = workspace.load_dataset(project.dataset_id)
    at = click(rating_as("Ann"), "rate_5")
    first = rating.use_people(project, dataset, "me")
    click(at, "rate_1")
    second = rating.use_people(project, dataset, "me")
    assert first != second
    assert scored_experts(project) == (*LEXICAL, second)
    (old,) = experts.load_expert_scores(workspace, dataset, [first])
    assert len(old) == 1, "a recipe that was saved with the first ratings still finds them"
