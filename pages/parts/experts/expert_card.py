"""The cards of experts, each with the box that chooses it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.journey.experts import ExpertCard
from core.types.expert_entry import ANY_LANGUAGE, LEXICAL
from pages.parts.translate import duration, language, plain, t, tm

_COLUMNS = 3
_MANY = 4  # more languages than this are summed up


def draw_cards(group: Sequence[ExpertCard], chosen: dict[str, None], scored: Sequence[str]) -> None:
    """Draw cards side by side; see :func:`draw_card`."""
    for first in range(0, len(group), _COLUMNS):
        for cell, card in zip(st.columns(_COLUMNS), group[first : first + _COLUMNS], strict=False):
            with cell:
                draw_card(card, chosen, card.entry.key in scored)


def draw_card(card: ExpertCard, chosen: dict[str, None], scored: bool) -> None:
    """Draw a card; its box adds the expert to the chosen ones or takes it off.

    Parameters
    ----------
    chosen : dict with expert keys
        Changed in place.
    scored : bool
        Whether its scores are there already.
    """
    entry = card.entry
    with st.container(border=True, height="stretch", gap="small"):
        choice_box(entry.key, entry.title, chosen)
        _badges(card, scored)
        st.markdown(t(entry.meaning))
        st.caption("  \n".join(_facts(card, scored)))


def choice_box(key: str, title: str, chosen: dict[str, None]) -> None:
    """Draw the box that adds an expert to the chosen ones or takes it off, in place."""
    box = f"expert_{key}"
    # Seeded once per visit: a box that is given a value on every run loses clicks.
    if box not in st.session_state:
        st.session_state[box] = key in chosen

    def toggle() -> None:
        if st.session_state[box]:
            chosen[key] = None
        else:
            chosen.pop(key, None)

    st.checkbox(f"**{plain(title)}**", key=box, on_change=toggle)


def _badges(card: ExpertCard, scored: bool) -> None:
    entry = card.entry
    badges = []
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
                t("Its licence ({licence}) does not allow it, or says nothing.", licence=licence),
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
        shown = ", ".join(_name(code) for code in codes if code in ("en", "ja"))
        return t("many languages, among them {names}", names=shown)
    return ", ".join(_name(code) for code in codes)


def _name(code: str) -> str:
    from babel import Locale

    return str(Locale.parse(language()).languages.get(code, code))
