"""The search page from the organiser's side: opened, shared, watched, decided, closed."""

from __future__ import annotations

import html

import streamlit as st

from core.journey.pilot import keywords, searching
from core.journey.pilot.searching import InterleavingState
from core.types.pilot_events import PilotArm, PilotPlan
from core.types.rights import DECIDE
from pages.parts import session
from pages.parts.cached import cached
from pages.parts.errors import attempt, guarded, show_failed_attempt
from pages.parts.invitation import address_here, invite_beside
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.sign_in import SEARCH, embedding_sites
from pages.parts.translate import language, moment, plain, t, tm

_EVERY = "3s"  # how often the counters look for what people did
_QR = 150  # pixels; with the rest it stays above the fold of a small screen


def search_page_in_use(context: Context) -> PilotPlan | None:
    """Draw the page that is open, or the opening of one; returns the newest plan, None without."""
    show_failed_attempt()
    plan = searching.page_in_use(context.project)
    if plan is None:
        _open_one(context)
        return searching.newest_plan(context.project)
    left, right = st.columns([0.58, 0.42], gap="small")
    with left, st.container(border=True, key="pilot_invitation"):
        _share(plan)
    with right, st.container(border=True, key="pilot_counts", height="stretch"):
        _watch(context, plan)
        with st.container(horizontal=True):
            _change(context, plan)
            _close(context, plan)
    return plan


def _open_one(context: Context) -> None:
    last = searching.newest_plan(context.project)
    with st.container(border=True, key="pilot_start"):
        if last is not None:
            st.info(
                t("The last search page was closed. Its link leads nowhere any more."),
                icon=":material/lock:",
            )
        st.markdown(
            t(
                "Open a search page on your answers. You get a link for colleagues and customers: "
                "they search, say what helps and what is missing, and need no account."
            )
        )
        _settings(context, None, t("Open the search page"))


def _settings(context: Context, plan: PilotPlan | None, label: str) -> None:
    """Draw which model searches, which one is mixed in, and how long events are kept."""
    project = context.project
    known = searching.arms(project, context.dataset)
    titles = {arm: tm(searching.arm_title(project, arm)) for arm in known}
    key = "pilot_change" if plan else "pilot_first"
    left, right = st.columns(2)
    champion = left.selectbox(
        t("Model that searches (champion)"),
        known,
        index=known.index(plan.champion) if plan and plan.champion in known else 0,
        format_func=titles.__getitem__,
        key=f"{key}_champion",
        help=t("The first one is the model in use: the one you took with “Use this model”."),
    )
    others: list[PilotArm | None] = [None, *(arm for arm in known if arm != champion)]
    mixed_in = plan.challenger if plan else searching.challenger_named(project)
    right.selectbox(
        t("Mix in another model to compare (challenger)"),
        others,
        index=others.index(mixed_in) if mixed_in in others else 0,
        format_func=lambda arm: titles[arm] if arm else t("none: the champion alone"),
        key=f"{key}_challenger",
        help=t(
            "Both models pick the results of each list in turn (team-draft interleaving). What "
            "people open or give a thumb up counts for the model that picked it. Nobody sees who "
            "is ahead before a decision is possible."
        ),
    )
    left.number_input(
        t("Results shown"),
        1,
        searching.MOST_DEPTH,
        plan.depth if plan else searching.DEPTH,
        key=f"{key}_depth",
    )
    right.number_input(
        t("Days until what people did is deleted"),
        1,
        searching.MOST_DAYS,
        plan.days if plan else searching.DAYS,
        key=f"{key}_days",
    )
    words = _keyword_share(context, plan, champion, key)

    def start() -> None:
        # Read now: a number that was typed just before the click comes with it.
        names = ("champion", "challenger", "depth", "days")
        chosen = {name: st.session_state[f"{key}_{name}"] for name in names}
        share = st.session_state[words] / 100
        searching.start_page(project, session.who(), **chosen, words=share)

    st.button(
        label,
        type="primary",
        icon=":material/rocket_launch:",
        key=f"{key}_go",
        on_click=attempt,
        args=(start,),
        **only(DECIDE),
    )


def _keyword_share(context: Context, plan: PilotPlan | None, champion: PilotArm, key: str) -> str:
    """Draw how much keyword search counts, as a comparison advises; returns the widget's key."""
    project = context.project
    known = cached(
        lambda: keywords.keyword_share(project, champion),
        "keyword share",
        project.id,
        str(champion),
        *keywords.compared(project),
    )
    kept = plan is not None and plan.champion == champion
    share = plan.words if plan and kept else known.suggested if known else 0.0
    # Another champion has another advice: a widget of its own.
    name = f"{key}_words_{champion.run}_{champion.model}"
    st.slider(
        t("Keyword search counts"),
        0,
        round(100 * keywords.MOST_WORDS),
        round(100 * share),
        step=5,
        format="%d%%",
        key=name,
        help=t(
            "Keyword search finds what is written the same way: names, numbers, codes. Its scores "
            "join those of the model, for champion and challenger alike; at 0% the models search "
            "alone."
        ),
    )
    if known is not None:
        st.caption(plain(tm(known.message)))
    return name


def search_link(plan: PilotPlan) -> str:
    """Return the address that visitors open."""
    return address_here("pilot", {"lang": language(), SEARCH: plan.link})


def _share(plan: PilotPlan) -> None:
    link = search_link(plan)
    invite_beside(link, width=_QR)
    with st.container(horizontal=True):
        st.link_button(t("Search yourself"), link, icon=":material/open_in_new:", type="tertiary")
        with st.popover(t("Put it into a web page"), icon=":material/code:", type="tertiary"):
            title = html.escape(t("Search"), quote=True)
            address = html.escape(f"{link}&embed=true", quote=True)
            st.markdown(t("This line of HTML shows the search in a page of yours:"))
            st.code(
                f'<iframe src="{address}" title="{title}" '
                'style="width:100%;height:720px;border:0"></iframe>',
                language="html",
                wrap_lines=True,
            )
            sites = embedding_sites()
            if sites:
                named = plain(" ".join(sites))
                st.caption(t("It may stand in pages of these sites: {sites}.", sites=named))
            else:
                st.caption(
                    t(
                        "Browsers show it in pages of this server only, until whoever runs it "
                        "names your site in the setting EMBED_SITES (docs/pilot.md)."
                    )
                )


@st.fragment(run_every=_EVERY)
@guarded
def _watch(context: Context, plan: PilotPlan) -> None:
    """Count what people do as it comes in; for which model stays sealed until it is decided."""
    counts = searching.page_counts(context.project, plan)
    cells = [*st.columns(2), *st.columns(2)]
    cells[0].metric(t("Visitors"), counts.visitors)
    cells[1].metric(t("Searches"), counts.searches)
    cells[2].metric(
        t("Thumbs ↑ / ↓"),
        f"{counts.thumbs_up} / {counts.thumbs_down}",
        help=t("Results that were opened: {count}.", count=counts.clicks),
    )
    cells[3].metric(t("“None of these”"), counts.nothing)
    champion = plan.champion
    assert champion is not None  # a page has one
    title = plain(tm(searching.arm_title(context.project, champion)))
    joins = (
        " " + t("Keyword search counts {share}.", share=f"{plan.words:.0%}") if plan.words else ""
    )
    if plan.challenger is None:
        st.markdown(t("Searches with: {title}.", title=title) + joins)
        return
    other = plain(tm(searching.arm_title(context.project, plan.challenger)))
    told = t("Champion: {champion}. Challenger: {challenger}.", champion=title, challenger=other)
    st.markdown(told + joins)
    _verdict(context, plan, searching.interleaving(context.project, plan))


def _verdict(context: Context, plan: PilotPlan, state: InterleavingState) -> None:
    if state.verdict is None:
        with st.container(key="pilot_sealed"):
            st.info(
                t(
                    "Sealed: {count} searches so far speak for one of the two models. Who is ahead "
                    "opens by itself at the first moment at which a decision is possible.",
                    count=state.decided,
                ),
                icon=":material/lock:",
            )
        with st.popover(t("Open early"), icon=":material/lock_open:", type="tertiary"):
            st.markdown(
                t(
                    "It will be recorded that {name} opened the result before it was decided.",
                    name=plain(session.who()),
                )
            )
            st.button(
                t("Open it now"),
                key="pilot_open_early",
                on_click=attempt,
                args=(searching.open_early, context.project, plan, session.who()),
                **only(DECIDE),
            )
        return
    with st.container(key="pilot_verdict"):
        if state.opened is not None:
            st.warning(
                t(
                    "Opened by {name} before it was decided ({moment}).",
                    name=plain(state.opened.who),
                    moment=moment(state.opened.at),
                ),
                icon=":material/lock_open:",
            )
        st.markdown(f"#### {tm(state.verdict.sentence)}")
        st.markdown(tm(state.verdict.figures))
        st.caption(
            t(
                "Counted is the first result of one model that somebody opened or gave a thumb up. "
                "The chance of naming a better one where none is stays below {alpha}, however "
                "often you look.",
                alpha=f"{plan.alpha:.0%}",
            )
        )


def _change(context: Context, plan: PilotPlan) -> None:
    with st.popover(t("Change models or settings"), icon=":material/tune:", type="tertiary"):
        st.markdown(
            t(
                "The link stays the same. Champion and challenger begin to be compared anew, and "
                "the answers of the present data are searched."
            )
        )
        _settings(context, plan, t("Go on with these"))


def _close(context: Context, plan: PilotPlan) -> None:
    with st.popover(t("Close the page"), icon=":material/lock:", type="tertiary"):
        st.markdown(
            t(
                "The link leads nowhere then, for good. What people did stays until its days are "
                "over."
            )
        )
        st.button(
            t("Close it for good"),
            key="pilot_close",
            on_click=attempt,
            args=(searching.close_page, context.project, plan, session.who()),
            **only(DECIDE),
        )
