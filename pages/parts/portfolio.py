"""All projects of the workspace in one table, and what worked where."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.journey.compare import WORDS
from core.journey.experts import expert_title
from core.journey.labels import recipe_in_use
from core.journey.pilot import portfolio
from core.journey.pilot.portfolio import (
    BLEND,
    EXPERT,
    FEWEST,
    KINDS,
    RULE,
    TRAITS,
    DataSeen,
    FollowingDefault,
    OverProjects,
    ProjectRow,
    Worked,
)
from core.journey.projects import Project
from core.labels.rules import RULES
from core.reporting.charts.portfolio_charts import gains_forest
from core.types import KNOWN, UNSEEN
from core.types.rights import CHANGE
from pages.parts import session
from pages.parts.charts import show_chart
from pages.parts.errors import attempt
from pages.parts.rights import only
from pages.parts.translate import plain, t


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
        "In {better} of your {projects} projects and on {sets_better} of {sets} benchmark sets "
        "with the rule “{rule}” the search became better, and the mean gain shows. Known answers "
        "count {blend:.0%} there. It can be changed on Labels.",
        better=follows.better,
        projects=follows.projects,
        sets_better=follows.sets_better,
        sets=follows.sets,
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
    project = session.project()
    seen = DataSeen() if project is None else portfolio.data_seen(project)
    gains = portfolio.gains_of(rows)
    over = portfolio.over_projects(gains, seen)
    if over.summary is None:
        st.caption(
            t(
                "Projects with a verdict: {count}; sets of the benchmark that comes with the app: "
                "{sets}. From {fewest} together on, this says what worked where.",
                count=len(gains),
                sets=len(over.sets),
                fewest=FEWEST,
            )
        )
        return
    if project is not None:
        st.caption(_like(over, plain(project.name)))
    summary = over.summary
    st.markdown(
        t(
            "Over your projects ({projects}) and sets of the benchmark ({sets}) tuning gained "
            "{value:+.3f} nDCG@10 on average ({low:+.3f} to {high:+.3f}); the next one like them "
            "may lie anywhere from {from_:+.3f} to {to:+.3f}.",
            projects=len(over.projects),
            sets=len(over.sets),
            value=summary.value,
            low=summary.low,
            high=summary.high,
            from_=summary.predicted_low,
            to=summary.predicted_high,
        )
    )
    names = {row.id: row.name for row in rows}
    mine, sets = (
        {names.get(g.project, g.project): (g.value, g.low, g.high) for g in part}
        for part in (over.projects, over.sets)
    )
    show_chart(gains_forest(mine, sets, summary, t), "gains_forest")
    if over.sets:
        st.caption(
            t(
                "Sets of the benchmark that comes with the app: {sets} so far, from {runs} runs. "
                "Each counts like one project.",
                sets=len({gain.project for gain in portfolio.benchmark_gains().gains}),
                runs=portfolio.benchmark_gains().runs,
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
    if over.worked:
        _worked(over.worked)
    if project is not None:
        _begin(project, over.follows)


def _like(over: OverProjects, name: str) -> str:
    """Return in what projects are like one, and what was left aside because too few were."""
    by, aside = (
        ", ".join(t(TRAITS[key]) for key in keys) for keys in (over.like.by, over.like.left_aside)
    )
    if not by:
        return t("Too few projects are like {name}, so all of them are looked at.", name=name)
    if not aside:
        return t("Projects like {name} are looked at: alike in {by}.", name=name, by=by)
    return t(
        "Projects like {name} are looked at: alike in {by}. Too few are alike in {aside}, too, so "
        "that was left aside.",
        name=name,
        by=by,
        aside=aside,
    )


def _begin(project: Project, follows: FollowingDefault | None) -> None:
    """Offer the labels that follow, while the project has none of its own."""
    told = default_told(follows)
    if follows is None or told is None or recipe_in_use(project) is not None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="begin_like_these"):
        st.markdown(told)
        st.button(
            t("Begin with these labels"),
            key="begin_like",
            icon=":material/tune:",
            on_click=attempt,
            args=(portfolio.begin_with, project, follows, session.who()),
            **only(CHANGE, disabled=project.state.label_start is not None),
        )


def _worked(found: tuple[Worked, ...]) -> None:
    st.markdown(f"**{t('What worked where')}**")
    st.dataframe(
        pd.DataFrame(
            [
                (
                    t(KINDS[one.kind]),
                    _called(one),
                    _better(one),
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


def _better(one: Worked) -> str:
    """Return in how many projects it became better, and on how many sets of the benchmark."""
    if not one.sets:
        return t("{better} of {projects}", better=one.better, projects=one.projects)
    return t(
        "{better} of {projects}; benchmark {sets_better} of {sets}",
        better=one.better,
        projects=one.projects,
        sets_better=one.sets_better,
        sets=one.sets,
    )


def _called(one: Worked) -> str:
    if one.kind == EXPERT:
        return expert_title(one.key)
    if one.kind == RULE:
        return t(RULES[one.key].title) if one.key in RULES else one.key
    assert one.kind == BLEND
    return t("about {share:.0%}", share=float(one.key))
