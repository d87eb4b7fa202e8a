"""The stage of presenter mode: one slide that fits any screen whole, and the keys to walk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.parts.deep_links import go_to
from pages.parts.errors import show_error
from pages.parts.page import STOP_TITLES
from pages.parts.present.story import MissingPartError, Story
from pages.parts.translate import plain, t

STEP = "step"  # of the story, in the address: a reload shows the same slide
_STYLE = Path(__file__).with_name("stage.css")


@dataclass(frozen=True)
class Slide:
    """One step of the story.

    Attributes
    ----------
    key : str
        What the address calls it.
    title : str
        A message of the catalogue, in one or two words.
    stop : str
        Where the story can be touched: whoever leaves here goes there.
    draw : callable
        Draws title and heart; raises :class:`MissingPartError`.
    """

    key: str
    title: str
    stop: str
    draw: Callable[[Story], None]


def present(slides: Sequence[Slide], story: Story) -> None:
    """Draw the slide that the address names, else the first."""
    st.html(_STYLE)
    keys = [slide.key for slide in slides]
    linked = st.query_params.get(STEP, "")
    place = keys.index(linked) if linked in keys else 0
    slide = slides[place]
    with st.container(key="stage"):
        above = st.container(key="slide_of_the_story", gap="small")
        _foot(slides, place, story.project.name)  # first: a key pressed as the heart appears counts
        with above:
            try:
                slide.draw(story)
            except MissingPartError as missing:
                _not_there_yet(missing)
            except Exception as error:  # damaged files: the other slides can still be shown
                show_error(error)


def _not_there_yet(missing: MissingPartError) -> None:
    """Say on a slide what it will show, and offer the step that makes it."""
    st.title(t("This part of the story is not there yet"), anchor=False)
    with st.container(key="told_missing", gap="medium"):
        st.markdown(missing.said)
        if st.button(
            t("Go to {stop}", stop=t(STOP_TITLES[missing.stop])),
            key="present_missing",
            type="primary",
            icon=":material/arrow_forward:",
        ):
            go_to(missing.stop, **missing.selection)


def _foot(slides: Sequence[Slide], place: int, project: str) -> None:
    """Draw where we are and the three ways from here, each with its keys."""
    last, slide = len(slides) - 1, slides[place]
    keys = tuple(slide.key for slide in slides)
    ways = (
        (-1, place == 0, t("Back"), "back", ("Left", "PageUp")),
        (+1, place == last, t("Next"), "next", ("Right", "PageDown")),
    )
    with st.container(horizontal=True, gap="small", key="stage_foot"):
        here = t("{place} of {all}", place=place + 1, all=len(slides))
        st.markdown(f"**{here}** · {t(slide.title)} · {plain(project)}", width="stretch")
        for by, disabled, label, key, (shortcut, _) in ways:
            st.button(
                label,
                key=f"present_{key}",
                shortcut=shortcut,
                disabled=disabled,
                on_click=_walk,
                args=(keys, by),
                help=t("Arrow keys, or Page Up and Page Down of a remote control."),
            )
        if st.button(
            t("Leave"),
            key="present_leave",
            shortcut="Escape",
            type="tertiary",
            help=t("Escape leads to the page {stop}.", stop=t(STOP_TITLES[slide.stop])),
        ):
            go_to(slide.stop)
    with st.container(key="stage_keys"):  # a button has one key: these are pressed by remotes
        for by, disabled, label, key, (_, shortcut) in ways:
            st.button(
                label,
                key=f"present_{key}_remote",
                shortcut=shortcut,
                disabled=disabled,
                on_click=_walk,
                args=(keys, by),
            )


def _walk(keys: Sequence[str], by: int) -> None:
    """Go on from the slide in the address now.

    Who presses a key before a slide is drawn wholly presses a button of the slide before.
    """
    linked = st.query_params.get(STEP, "")
    place = keys.index(linked) if linked in keys else 0
    st.query_params[STEP] = keys[min(max(place + by, 0), len(keys) - 1)]
