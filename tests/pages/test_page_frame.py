"""The frame of every page: navigation, the bar with the next step, and what the address keeps."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.journey.projects import STOPS, create_sample_project
from core.workspace.workspace import Workspace
from pages.parts.deep_links import name_in_address


def bar_of(at) -> str:
    (said,) = (m.value for m in at.markdown if m.value.startswith(("**Step", "**ステップ")))
    return said


@pytest.fixture
def sample(tmp_path):
    return create_sample_project(Workspace.open(tmp_path), "en", "Shop", "Mika")


def test_bar_says_where_we_are_and_the_one_next_step(app, tmp_path, sample):
    at = app(tmp_path, "data", sample.id, "ja")
    assert bar_of(at).startswith("**ステップ 1/6：データ**")
    at = app(tmp_path, "data", sample.id)
    assert bar_of(at).startswith("**Step 1 of 6: Data**")
    assert [b.key for b in at.button if b.key in ("next_step", "improve")] == ["improve"]
    next(b for b in at.button if b.key == "step_by_step").click().run()
    assert not at.exception
    assert at.session_state["here"] == "experts"


def test_a_page_that_is_not_done_offers_no_next_step(app, tmp_path, sample):
    at = app(tmp_path, "experts", sample.id)
    assert bar_of(at).startswith("**Step 2 of 6: Experts**")
    assert not [b for b in at.button if b.key == "next_step"]


def test_first_page_goes_on_with_the_project_in_use(app, tmp_path, sample):
    assert not [b for b in app(tmp_path).button if b.key == "next_step"]
    at = app(tmp_path, project=sample.id)
    (step,) = (b for b in at.button if b.key in ("next_step", "improve"))
    assert step.label == "Improve my search" and "Shop" in [m.value for m in at.markdown]


def test_open_tab_stands_in_the_address_in_every_language(app, tmp_path, sample):
    at = app(tmp_path, "data", sample.id)
    assert "data-tab" not in at.query_params, "a page that is merely opened costs no press of Back"
    at.session_state["data_tabs"] = at.session_state["data_tabs_titles"][3]
    at.run()
    assert at.query_params["data-tab"] == "collect"
    at.get("button_group")[0].set_value("ja").run()
    assert at.query_params["data-tab"] == "collect"
    assert at.session_state["data_tabs"] == at.session_state["data_tabs_titles"][3]


def test_address_opens_the_tab_also_against_what_was_open(app, tmp_path, sample):
    """Back changed the address, and the page stayed as it was."""
    at = app(tmp_path, "data", sample.id)
    for name, place in (("erase", 7), ("look", 5), ("no such tab", 0)):
        at.query_params["data-tab"] = name
        at.run()
        assert at.session_state["data_tabs"] == at.session_state["data_tabs_titles"][place]


def test_links_carry_what_was_chosen_and_no_run_that_other_pages_do_not_know(app, tmp_path, sample):
    at = app(tmp_path, "data", sample.id)
    at.query_params["data-tab"] = "look"
    at.run()
    links = [link.proto.query_string for link in at.get("page_link")]
    assert len(links) == 8 and all("data-tab=look" in link for link in links)
    assert all(f"project={sample.id}" in link and "lang=en" in link for link in links)


def test_names_in_addresses():
    assert name_in_address("Where it helps") == "where-it-helps"
    assert name_in_address("Cost & savings?") == "cost-savings"
    assert set(STOPS).isdisjoint({name_in_address("Home")})


def _filters() -> None:
    import streamlit as st

    from pages.parts.deep_links import filter_in_address

    kinds, orders = ["lost", "found", "same"], ["telling", "gains"]
    if not st.session_state.get("elsewhere"):
        st.pills(
            "Show",
            kinds,
            selection_mode="multi",
            key="shown",
            on_change=filter_in_address("shown", "shown", kinds, several=True),
        )
        st.selectbox(
            "Order", orders, key="order", on_change=filter_in_address("order", "order", orders)
        )


def test_filters_stand_in_the_address_and_come_from_it():
    """A reload, another language or Back forgot which losses were being looked at."""
    at = AppTest.from_function(_filters)
    at.query_params["shown"] = "lost,no such kind"
    at.run()
    assert at.get("button_group")[0].value == ["lost"] and at.selectbox[0].value == "telling"
    assert "order" not in at.query_params, "the default costs no press of Back"
    at.get("button_group")[0].set_value(["lost", "same"]).run()
    at.selectbox[0].set_value("gains").run()
    assert (at.query_params["shown"], at.query_params["order"]) == ("lost,same", "gains")
    at.session_state["elsewhere"] = True  # another page: Streamlit forgets what is not drawn
    at.run()
    at.session_state["elsewhere"] = False
    at.run()
    assert at.get("button_group")[0].value == ["lost", "same"] and at.selectbox[0].value == "gains"
    at.query_params["shown"] = "found"  # Back
    at.run()
    assert at.get("button_group")[0].value == ["found"]
    del at.query_params["order"]
    at.run()
    assert at.selectbox[0].value == "telling"
    at.get("button_group")[0].set_value([]).run()
    assert "shown" not in at.query_params
