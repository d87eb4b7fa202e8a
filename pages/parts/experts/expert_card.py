"""The cards of experts, each with the box that chooses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from core.journey.experts import ExpertCard
from core.journey.rating import is_people
from core.types.expert_entry import ANY_LANGUAGE, LEXICAL
from pages.parts.model_titles import language_title
from pages.parts.page import Context
from pages.parts.translate import duration, plain, t, tm

_COLUMNS = 3
_MANY = 4  # more languages than this are summed up


class Choice:
    """The experts that the user chose to score, in order, and those that have scored already.

    Kept outside the boxes, which are forgotten on other pages.
    """

    def __init__(
        self, context: Context, cards: Sequence[ExpertCard], scored: Sequence[str]
    ) -> None:
        name = f"experts_{context.project.id}_{context.project.dataset_id}"
        if name not in st.session_state:
            suggested = [card.entry.key for card in cards if card.suggested]
            st.session_state[name] = dict.fromkeys(scored or suggested)
        self._keys: dict[str, None] = st.session_state[name]
        self.scored = scored
        people = [key for key in scored if is_people(key)]  # they join and leave elsewhere
        for key in [key for key in self._keys if is_people(key) and key not in people]:
            del self._keys[key]
        self._keys.update(dict.fromkeys(people))

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        """Choose an expert; its box is seeded anew."""
        self._keys[key] = None
        st.session_state.pop(f"expert_{key}", None)

    def remove(self, key: str) -> None:
        """Take an expert off the chosen ones; its box is seeded anew."""
        self._keys.pop(key, None)
        st.session_state.pop(f"expert_{key}", None)

    def box(self, key: str, title: str) -> None:
        """Draw the box that adds an expert to the chosen ones or takes it off."""
        box = f"expert_{key}"
        # Seeded once per visit: a box that is given a value on every run loses clicks.
        if box not in st.session_state:
            st.session_state[box] = key in self._keys

        def toggle() -> None:
            if st.session_state[box]:
                self._keys[key] = None
            else:
                self._keys.pop(key, None)

        st.checkbox(f"**{plain(title)}**", key=box, on_change=toggle)


def draw_cards(group: Sequence[ExpertCard], choice: Choice) -> None:
    """Draw cards side by side, each with the box that chooses its expert."""
    for first in range(0, len(group), _COLUMNS):
        for cell, card in zip(st.columns(_COLUMNS), group[first : first + _COLUMNS], strict=False):
            with cell, st.container(border=True, height="stretch", gap="small"):
                scored = card.entry.key in choice.scored
                choice.box(card.entry.key, card.entry.title)
                _badges(card, scored)
                st.markdown(t(card.entry.meaning))
                st.caption("  \n".join(_facts(card, scored)))


def _badges(card: ExpertCard, scored: bool) -> None:
    entry = card.entry
    badges: list[tuple[str, Literal["blue", "green", "orange"], str | None]] = []
    if scored:
        badges.append((t("has scored"), "blue", None))
    if card.suggested:
        badges.append((t("suggested"), "green", t("Suits the language of your data.")))
    if not entry.commercial_use:
        licence = entry.licence or t("unknown")
        badges.append(
            (
                t("not for commercial use"),
                "orange",
                t(
                    "Its licence ({licence}) does not allow it, or says nothing.",
                    licence=plain(licence),
                ),
            )
        )
    if badges:
        with st.container(horizontal=True, gap="small"):
            for text, colour, meaning in badges:
                st.badge(text, color=colour, help=meaning)


def _facts(card: ExpertCard, scored: bool) -> list[str]:
    entry = card.entry
    first = [_languages(entry.languages)]
    if entry.size_mb:
        first.append(t("{size} MB", size=entry.size_mb))
    if entry.dimension:
        first.append(t("{count} numbers per text (dimension)", count=entry.dimension))
    first.append(t("licence {licence}", licence=plain(entry.licence or t("unknown"))))
    lines = [" · ".join(first)]
    prompts = [prompt.strip() for prompt in entry.prompts.values() if prompt.strip()]
    if prompts:
        names = " / ".join(f"“{plain(prompt)}”" for prompt in prompts)
        lines.append(t("Put before each text (prompts): {prompts}", prompts=names))
    lines.append(plain(tm(card.availability.message)))
    if scored:
        lines.append(t("Time: nothing to read again"))
    elif card.seconds is not None and (card.loading or 0) >= 1:
        lines.append(
            t(
                "Time: about {time}, and {loading} to load it",
                time=duration(card.seconds),
                loading=duration(card.loading or 0),
            )
        )
    elif card.seconds is not None:
        lines.append(t("Time: about {time}", time=duration(card.seconds)))
    elif entry.family == LEXICAL:
        lines.append(t("Time: seconds"))
    return lines


def _languages(codes: Sequence[str]) -> str:
    if not codes:
        return t("languages not stated")
    if ANY_LANGUAGE in codes:
        return t("any language")
    if len(codes) > _MANY:
        shown = ", ".join(language_title(code) for code in codes if code in ("en", "ja"))
        return t("many languages, among them {names}", names=shown)
    return ", ".join(language_title(code) for code in codes)
