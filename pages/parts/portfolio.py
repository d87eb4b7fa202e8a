"""All projects of the workspace in one table, and what worked where."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.journey.compare import WORDS
from core.journey.experts import expert_title
from core.journey.pilot import portfolio
from core.journey.pilot.portfolio import (
    BLEND,
    EXPERT,
    FEWEST,
    KINDS,
    RULE,
    FollowingDefault,
    ProjectRow,
    Worked,
)
from core.labels.rules import RULES
from core.messages import N_n
from core.types import KNOWN, UNSEEN
from pages.parts import session
from pages.parts.translate import t


def portfolio_view() -> None:
    """Draw the table of projects, with what can be said over all of them."""
    with st.container(border=True, key="portfolio"):
        rows = portfolio.portfolio(session.workspace())
        _table(rows)
        _over_projects(rows)


def default_told(follows: FollowingDefault | None) -> str | None:
    """Return why a new project may begin with other labels, None where nothing follows."""
    if follows is None or follows.rule not in RULES:
        return None
    return t(
        "In {better} of {projects} projects with the rule “{rule}” the search became better, and "
        "the mean gain shows. Known answers count {blend:.0%} there. It can be changed on Labels.",
        better=follows.better,
        projects=follows.projects,
        rule=t(RULES[follows.rule].title),
        blend=follows.blend,
    )


def _table(rows: tuple[ProjectRow, ...]) -> None:
    table = []
    for row in rows:
        figures = {one.regime: one for one in row.figures}
        probe = row.generality
        table.append(
            (
                row.name,
                *(
                    f"{t(WORDS[figures[regime].word])} ({figures[regime].difference:+.3f})"
                    if regime in figures
                    else "–"
                    for regime in (KNOWN, UNSEEN)
                ),
                f"{probe.before:.3f} → {probe.after:.3f}" if probe else "–",
                "–" if row.satisfaction is None else f"{row.satisfaction:.0%}",
                row.thumbs_up + row.thumbs_down,
                _drift(row),
                t("yes") if row.in_use else t("no"),
            )
        )
    st.dataframe(
        pd.DataFrame(
            table,
            columns=[
                t("Project"),
                t("Verdict, known answers"),
                t("Verdict, unseen answers"),
                t("Everyday language"),
                t("Thumbs that point up"),
                t("Thumbs"),
                t("Questions unlike anything learned"),
                t("Tuned model in use"),
            ],
        ),
        hide_index=True,
        key="portfolio_table",
    )


def _drift(row: ProjectRow) -> str:
    """Return what the newest look at a pilot found."""
    share = "–" if row.unlike is None else f"{row.unlike:.0%}"
    return t("{share}, train anew", share=share) if row.reasons else share


def _over_projects(rows: tuple[ProjectRow, ...]) -> None:
    gains = portfolio.gains_of(rows)
    summary = portfolio.overall(gains)
    if summary is None:
        st.caption(
            t(
                N_n(
                    "{count} project has a verdict. From {fewest} on, this says what worked where.",
                    "{count} projects have a verdict. From {fewest} on, this says what worked "
                    "where.",
                ),
                count=len(gains),
                fewest=FEWEST,
            )
        )
        return
    st.markdown(
        t(
            "Over {count} projects tuning gained {value:+.3f} nDCG@10 on average ({low:+.3f} to "
            "{high:+.3f}); the next one like them may lie anywhere from {from_:+.3f} to "
            "{to:+.3f}.",
            count=summary.count,
            value=summary.value,
            low=summary.low,
            high=summary.high,
            from_=summary.predicted_low,
            to=summary.predicted_high,
        )
    )
    st.caption(
        t(
            "Of the differences between projects {i2:.0%} are more than chance (I²; τ² = "
            "{tau2:.5f}). Random-effects mean of DerSimonian and Laird, 95 % interval of Hartung "
            "and Knapp.",
            i2=summary.i2,
            tau2=summary.tau2,
        )
    )
    found = portfolio.what_worked(gains)
    if found:
        _worked(found)


def _worked(found: tuple[Worked, ...]) -> None:
    st.markdown(f"**{t('What worked where')}**")
    st.dataframe(
        pd.DataFrame(
            [
                (
                    t(KINDS[one.kind]),
                    _called(one),
                    t("{better} of {projects}", better=one.better, projects=one.projects),
                    f"{one.summary.value:+.3f}",
                    f"{one.summary.low:+.3f} – {one.summary.high:+.3f}",
                    f"{one.summary.i2:.0%}",
                )
                for one in found
            ],
            columns=[
                *(t("Choice"), t("What"), t("Better in"), t("Mean gain")),
                *(t("95 % interval"), "I²"),
            ],
        ),
        hide_index=True,
        key="worked_table",
    )
    st.caption(
        t(
            "Projects differ in more than this choice: the table says what went with a gain, not "
            "what made it."
        )
    )


def _called(one: Worked) -> str:
    if one.kind == EXPERT:
        return expert_title(one.key)
    if one.kind == RULE:
        return t(RULES[one.key].title) if one.key in RULES else one.key
    assert one.kind == BLEND
    return f"{float(one.key):.0%}"
