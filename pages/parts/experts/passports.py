"""Passports of the experts: how each of them judges, on lines through the whole panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.journey.experts import (
    SAME_FAMILY,
    SAME_MODEL,
    Passport,
    Trait,
    passports,
    people_said,
    places,
)
from core.messages import N_, Message, N_n
from core.reporting.charts.pictures import panel_line
from core.types.scoring import ScoringResult
from pages.parts.cached import cached
from pages.parts.errors import errors_shown
from pages.parts.page import Context
from pages.parts.translate import plain, t, tm


@dataclass(frozen=True)
class _Scale:
    """One line of a passport.

    Attributes
    ----------
    trait : callable
        Passport to what is drawn.
    low, high : str
        Both ends of the line; messages.
    less, more : str
        What the sentence says of an expert that stands out downwards or upwards; messages.
    summary : str
        Text alternative; a message with ``{value}``, ``{lowest}`` and ``{highest}``.
    """

    trait: Callable[[Passport], Trait]
    low: str
    high: str
    less: str
    more: str
    summary: str


_SCALES = (
    _Scale(
        lambda passport: passport.generosity,
        N_("strict"),
        N_("lenient"),
        N_("judges strictly"),
        N_("judges leniently"),
        N_(
            "Strict to lenient: {value:+.2f} beside the middle of the other experts; the panel "
            "goes from {lowest:+.2f} to {highest:+.2f}."
        ),
    ),
    _Scale(
        lambda passport: passport.length,
        N_("short"),
        N_("long answers"),
        N_("likes short answers"),
        N_("likes long answers"),
        N_(
            "Likes long answers: rank correlation {value:+.2f}; the panel goes from "
            "{lowest:+.2f} to {highest:+.2f}."
        ),
    ),
    _Scale(
        lambda passport: passport.words,
        N_("other words"),
        N_("same words"),
        N_("looks beyond words"),
        N_("looks at words"),
        N_(
            "Likes the same words: rank correlation {value:+.2f}; the panel goes from "
            "{lowest:+.2f} to {highest:+.2f}."
        ),
    ),
    _Scale(
        lambda passport: passport.like_people,
        N_("unlike people"),
        N_("like people"),
        N_("judges unlike people"),
        N_("judges like people"),
        N_(
            "Agrees with people: weighted kappa {value:+.2f}; the panel goes from {lowest:+.2f} "
            "to {highest:+.2f}."
        ),
    ),
)
_KIN = {
    SAME_MODEL: N_("is the model to be tuned itself"),
    SAME_FAMILY: N_("is of the same family as the model to be tuned"),
}
_KIN_SHORT = {SAME_MODEL: N_("itself"), SAME_FAMILY: N_("same family")}


def expert_passports(context: Context, report: ScoringResult) -> None:
    """Draw for each expert a sentence and its place on every scale, and the figures behind."""
    with errors_shown():
        dataset = context.project.load_dataset()
        people = people_said(context.project, dataset)
        figures = {expert.expert: expert for expert in report.figures}
        with st.spinner(t("Looking at how each expert judges …")):
            found = cached(
                lambda: passports(context.workspace, dataset, tuple(figures), people),
                "passports",
                dataset.id,
                tuple((expert.expert, expert.fingerprint) for expert in report.figures),
                people.fingerprint if people else None,
            )
        titles = [figures[passport.expert].title for passport in found]
        # A scale on which nobody has a place is left out: people who rated nothing.
        scales = [s for s in _SCALES if any(_known(s.trait(p)) for p in found)]
        st.markdown(_who_is_strict(found, titles))
        with st.container(gap=None):  # six experts and more on one screen
            _rows(found, titles, scales)
        st.caption(
            t(
                "Each line goes from the lowest to the highest of these experts; strokes are the "
                "others. A full dot differs beyond chance and enough to be worth a word, a ring "
                "does not. A habit is no fault: experts with different habits correct each other, "
                "and *Bias* on the next page shows what is left of them in the labels."
            )
        )
        with st.expander(t("The numbers behind the passports"), icon=":material/table_chart:"):
            _numbers(found, titles)


def _who_is_strict(found: tuple[Passport, ...], titles: list[str]) -> str:
    """Say in one line who is strictest and how many look at words."""
    of_words = {
        "count": sum(passport.words.sign > 0 for passport in found),
        "all": len(found),
    }
    known = [
        (passport.generosity.value.value, title)
        for passport, title in zip(found, titles, strict=True)
        if _known(passport.generosity)
    ]
    if len(known) < 2:
        return t(
            N_n(
                "{count} of {all} experts looks at words, not at meaning alone.",
                "{count} of {all} experts look at words, not at meaning alone.",
            ),
            **of_words,
        )
    return t(
        "Strictest is **{strict}**, most lenient **{lenient}**; {count} of {all} experts look at "
        "words, not at meaning alone.",
        strict=plain(min(known)[1]),
        lenient=plain(max(known)[1]),
        **of_words,
    )


def _rows(found: tuple[Passport, ...], titles: list[str], scales: list[_Scale]) -> None:
    widths = [2.4, *[1.0] * len(scales)]
    head = st.columns(widths, vertical_alignment="bottom")
    for column, scale in zip(head[1:], scales, strict=True):
        column.caption(f"{t(scale.low)} – {t(scale.high)}")
    drawn = [(scale, places(found, partial(_value, scale))) for scale in scales]
    for row, (passport, title) in enumerate(zip(found, titles, strict=True)):
        cells = st.columns(widths, vertical_alignment="center")
        cells[0].markdown(f"**{plain(title)}** · {_sentence(passport)}")
        for cell, (scale, stand) in zip(cells[1:], drawn, strict=True):
            trait, others = scale.trait(passport), [p for k, p in enumerate(stand) if k != row]
            picture = panel_line(stand[row], others, bool(trait.sign), _said(scale, trait, found))
            cell.image(picture.svg, width="stretch", alt=tm(picture.summary))


def _known(trait: Trait) -> bool:
    return trait.value.value == trait.value.value


def _value(scale: _Scale, passport: Passport) -> float:
    return scale.trait(passport).value.value


def _said(scale: _Scale, trait: Trait, found: tuple[Passport, ...]) -> Message:
    if not _known(trait):
        return Message(N_("Not known: too few pairs."))
    values = [value for p in found if (value := _value(scale, p)) == value]
    return Message(
        scale.summary,
        {"value": trait.value.value, "lowest": min(values), "highest": max(values)},
    )


def _sentence(passport: Passport) -> str:
    """Return how an expert judges in one plain sentence."""
    signs = [(scale, scale.trait(passport).sign) for scale in _SCALES]
    habits = [t(scale.more if sign > 0 else scale.less) for scale, sign in signs if sign]
    if not habits:
        habits = [t("judges much as the others do")]
    if passport.kinship:
        habits.append(t(_KIN[passport.kinship]))
    text = habits[0]
    for habit in habits[1:]:
        text = t("{habits}, {habit}", habits=text, habit=habit)
    text = t("{habits}.", habits=text)
    return text[0].upper() + text[1:]


def _numbers(found: tuple[Passport, ...], titles: list[str]) -> None:
    st.dataframe(
        {
            t("Expert"): titles,
            t("Right pairs"): [_points(p.right) for p in found],
            t("Other pairs"): [_points(p.other) for p in found],
            t("Lenient"): [_span(p.generosity) for p in found],
            t("Long answers"): [_span(p.length) for p in found],
            t("Same words"): [_span(p.words) for p in found],
            t("Like people"): [_people(p) for p in found],
            t("To be tuned"): [t(_KIN_SHORT[p.kinship]) if p.kinship else "–" for p in found],
        },
        hide_index=True,
        key="passport_table",
        column_config={
            t("Right pairs"): st.column_config.Column(
                help=t("Mean score of right pairs after calibration, 0 to 100.")
            ),
            t("Other pairs"): st.column_config.Column(
                help=t("Mean score of all other pairs after calibration, 0 to 100.")
            ),
            t("Lenient"): st.column_config.Column(
                help=t(
                    "Calibrated score less the middle opinion of the other experts on the same "
                    "pairs; right pairs and other pairs count the same."
                )
            ),
            t("Long answers"): st.column_config.Column(
                help=t(
                    "Among wrong pairs: rank correlation (Spearman) of the answer's length with "
                    "what the expert gives beyond the middle opinion of the others."
                )
            ),
            t("Same words"): st.column_config.Column(
                help=t(
                    "Among wrong pairs: rank correlation (Spearman) of the score with the share of "
                    "the question's words that the answer uses. Keyword search counts words: it "
                    "is at the top by the way it is made. From 0.3 on an expert looks at words."
                )
            ),
            t("Like people"): st.column_config.Column(
                help=t(
                    "Weighted kappa with the ratings of people, and the number of pairs rated; "
                    "1 = the same grades. From 0.6 on an expert judges like people."
                )
            ),
        },
    )
    st.caption(
        t(
            "In brackets the 95 % interval. Measured on pairs of training questions; pairs of one "
            "question, or of one answer, count as one observation."
        )
    )


def _people(passport: Passport) -> str:
    agreed = passport.people
    if agreed is None or agreed.kappa is None:
        return "–"
    return f"{_span(passport.like_people)} · {agreed.pairs}"


def _points(label: float) -> str:
    return f"{100 * label:.0f}" if label == label else "–"


def _span(trait: Trait) -> str:
    if not _known(trait):
        return "–"
    value = trait.value
    return f"{value.value:+.2f} ({value.low:+.2f} – {value.high:+.2f})".replace("-", "−")
