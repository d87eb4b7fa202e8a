"""The deployment sheet has the project's own names, and nothing typed becomes Markdown or HTML."""

from __future__ import annotations

import json
import re

import pytest

from core.evaluation.cost import RunningCosts, RunningPrices
from core.reporting.deployment import (
    INDEXES,
    SERVERS,
    DeploymentFacts,
    deployment_body,
    deployment_page,
    deployment_sheet,
    index_name,
    pooling_of,
)
from core.reporting.snippets import ModelFacts
from core.types.exporting import INT8, SmallForm, TokenRules

EVIL = "<script>alert(1)</script> **x** [y](http://z) | a"
COSTS = RunningCosts(0.0361, 0.0512, 0.61, 51.2, 610.0, 12.34)
FORM = SmallForm(INT8, 23.0, 91.0, 200, 0.81, 0.79, -0.03, -0.01, 4.0, 9.0)


def facts(**changed: object) -> DeploymentFacts:
    model = ModelFacts("faq-model", 384, "query: it's ", "passage: ", TokenRules(128, True, 0))
    given = {
        "project": EVIL,
        "model": "all-MiniLM-L6-v2, tuned",
        "version": 3,
        "facts": model,
        "pooling": "mean",
        "answers": 10_240,
        "reindex_seconds": 51.2,
        "verdict": (),
        "prices": RunningPrices(3.6),
        "costs": COSTS,
        "benefit": (),
        "forms": (FORM,),
    }
    return DeploymentFacts(**{**given, **changed})


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_recipe_has_the_names_of_this_model(language):
    made = facts()
    sheet = deployment_sheet(made, language)
    for name in (*SERVERS, *INDEXES):
        assert f"### {name}\n" in sheet
    assert made.index == f"{made.alias}_v3" and sheet.count(made.index) >= 8
    assert sheet.count("384") >= 5 and "--pooling mean" in sheet and "/faq-model:/model" in sheet
    assert "\"query: it'\\''s …\"" in sheet, "an apostrophe ends no quote of the shell"
    assert "0.0361" in sheet and "0.0512" in sheet and "12.34" in sheet and "51.2" in sheet
    assert "0.790" in sheet and "0.810" in sheet


def test_json_of_the_recipes_is_json():
    sheet = deployment_sheet(facts(), "en")
    bodies = re.findall(r"-d '(\{.*?\})'\n", sheet.replace("'\\''", "~"), flags=re.S)
    assert len(bodies) >= 8
    for body in bodies:
        json.loads(body)


def test_what_somebody_typed_is_text_in_both_forms():
    sheet = deployment_sheet(facts(), "en")
    body = deployment_body(sheet)
    assert "<script" not in body and "<strong>x</strong>" not in body and "href" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt; **x** [y](http://z) | a" in body
    page = deployment_page(sheet, EVIL)
    assert "<script" not in page and "default-src 'none'" in page


def test_a_query_side_model_needs_no_new_index_and_says_so():
    model = ModelFacts("m", 384, "", "", TokenRules(128, True, 0), answers_by="MiniLM")
    sheet = deployment_sheet(facts(facts=model, reindex_seconds=0.0), "en")
    assert "No. Answers keep the vectors of MiniLM" in sheet
    unknown = deployment_sheet(facts(reindex_seconds=None, costs=None, forms=()), "en")
    assert "was not measured" in unknown and "None was made yet" in unknown


def test_word_vectors_are_served_by_no_model_server():
    sheet = deployment_sheet(facts(pooling=""), "en")
    assert "cannot serve it" in sheet and "docker run" not in sheet and "### Qdrant" in sheet


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("Support FAQ, spring!", "support_faq_spring"),
        ("返品", "answers"),
        ("2026 FAQ", "answers_2026_faq"),
        ("x" * 90, "x" * 40),
        ("Ünïcode -- a", "unicode_a"),
    ],
)
def test_an_index_is_named_as_every_index_may_be(name, index):
    assert index_name(name) == index


def test_pooling_is_read_in_both_ways_that_it_is_written(tmp_path):
    assert pooling_of(tmp_path) == ""
    place = tmp_path / "1_Pooling" / "config.json"
    place.parent.mkdir()
    place.write_text("{broken")
    assert pooling_of(tmp_path) == ""
    place.write_text(json.dumps({"pooling_mode_cls_token": True}))
    assert pooling_of(tmp_path) == "cls"
    place.write_text(json.dumps({"pooling_mode": "mean"}))
    assert pooling_of(tmp_path) == "mean"
