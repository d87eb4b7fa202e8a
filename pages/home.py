"""Home: projects, journey progress, and the sample data."""

import streamlit as st

from core.errors import AppError
from core.journey import decisions, projects
from core.journey.jobs import KINDS, STATE_TITLES, jobs_of
from core.journey.pilot import stages as pilot
from core.journey.projects import DONE, Project, journey_status, question_count
from core.messages import N_n
from core.types import BETTER, NOT_SHOWN, WORSE
from core.types.rights import DECIDE, DELETE, GIVEN_ROLES, READ_AUDIT, RENAME, ROLE_TITLES
from pages.parts import session
from pages.parts.deep_links import come_in, go_to
from pages.parts.errors import errors_shown
from pages.parts.improving import can_be_improved, improve_offer, improve_view
from pages.parts.page import STOP_TITLES, present_button, sample_buttons
from pages.parts.receipt import keep_receipt, show_receipt
from pages.parts.rights import only
from pages.parts.translate import moment, plain, t, tm


@st.dialog(t("New project"), icon=":material/add:")
def _new_project() -> None:
    """Ask for a name and make the project."""
    # Here and not above: what reads comparisons is not loaded before somebody wants it.
    from core.journey.pilot import portfolio
    from pages.parts.portfolio import default_told

    follows = portfolio.default_that_follows(session.workspace())
    with st.form("new_project", border=False):  # a form: Enter is enough
        name = st.text_input(t("Name of the project"), placeholder=t("Support FAQ, spring pilot"))
        begins = follows is not None and st.checkbox(
            t("Begin with the labels that went with gains in other projects"),
            key="begin_as_elsewhere",
            help=default_told(follows),
        )
        wanted = st.form_submit_button(t("Create"), type="primary")
    if wanted:
        with errors_shown():
            made = session.workspace().create_project(name, session.who())
            if begins and follows is not None:
                portfolio.begin_with(made, follows, session.who())
            session.choose_project(made)
            go_to("data")


@st.dialog(t("Rename project"), icon=":material/edit:")
def rename(project: Project) -> None:
    """Ask for another name."""
    with st.form("rename", border=False):
        name = st.text_input(t("Name of the project"), value=project.name)
        wanted = st.form_submit_button(t("Rename"), type="primary")
    if wanted:
        with errors_shown():
            projects.rename_project(project, name, session.who())
            st.rerun()


@st.dialog(t("Delete project?"), icon=":material/delete:")
def delete(project: Project) -> None:
    """Ask before deleting."""
    st.markdown(
        t(
            "**{name}** is erased: its data, vectors, runs, models, reports and records, as far as "
            "no other project uses them; running jobs are stopped. This cannot be undone. Models "
            "and reports that you downloaded stay with you.",
            name=plain(project.name),
        )
    )
    if st.button(t("Delete this project"), type="primary", icon=":material/delete:"):
        with errors_shown():
            keep_receipt(projects.delete_project(project, session.who()))
            if st.session_state.get("project") == project.id:
                session.choose_project(None)
            st.rerun()


@st.dialog(t("People and record"), icon=":material/group:", width="medium")
def people(project: Project) -> None:
    """Give and take roles, and hand out the audit trail."""
    st.markdown(f"##### {plain(project.name)}")
    if session.signed_in():
        _roles(project)
    else:
        st.caption(
            t(
                "Here nobody signs in: whoever comes in may do everything in every project. Roles "
                "need sign-in, see docs/security.md."
            )
        )
    st.markdown(f"##### {t('Record of what was done')}")
    trail = projects.audit_of(project)
    st.caption(
        t(
            N_n(
                "{count} entry, sealed by the one before. The last seal is {seal}: "
                "who notes it down can prove later that nothing was changed or "
                "taken out.",
                "{count} entries, each sealed by the one before. The last seal is "
                "{seal}: who notes it down can prove later that nothing was "
                "changed or taken out.",
            ),
            count=len(trail.entries),
            seal=plain(trail.seal or "–"),
        )
    )
    with st.container(horizontal=True):
        for ending, made in (("csv", trail.csv), ("jsonl", trail.jsonl)):
            st.download_button(
                t("Download as {format}", format=ending.upper()),
                made,
                file_name=f"audit_{project.id}.{ending}",
                on_click="ignore",
                icon=":material/download:",
                key=f"audit_{ending}",
            )


def _roles(project: Project) -> None:
    """Draw who has which role, and the fields to change that."""
    members = project.state.members
    st.dataframe(
        {
            t("Address or domain"): [member.who for member in members],
            t("Role"): [t(ROLE_TITLES[member.role]) for member in members],
        },
        hide_index=True,
    )
    with st.form(f"role_{project.id}", border=False):
        columns = st.columns([3, 2], vertical_alignment="bottom")
        who = columns[0].text_input(
            t("Address or domain"),
            placeholder="anna@example.com, @example.com",
            help=t("A domain such as @example.com means everybody whose address ends so."),
        )
        role = columns[1].selectbox(
            t("Role"),
            (*GIVEN_ROLES, None),
            index=1,
            format_func=lambda role: t(ROLE_TITLES[role]) if role else t("no role"),
        )
        if st.form_submit_button(t("Save role"), type="primary"):
            with errors_shown():
                projects.give_role(project, who, role, session.who())
                st.rerun(scope="fragment")


_LOOKS = {  # icon, colour: told apart without colour too
    BETTER: (":material/trending_up:", "blue"),
    WORSE: (":material/trending_down:", "red"),
    NOT_SHOWN: (":material/trending_flat:", "gray"),
}


def _verdict(project: Project) -> None:
    """Draw what came of the project's newest comparison, in one sentence per kind of question."""
    newest = projects.newest_verdict(project)
    if newest is None:
        return
    job, summary = newest
    if summary is None or not summary.found:  # of an earlier version, until somebody opens it
        at = moment(job.created_at)
        st.markdown(t("Compared {at}: open it to see what came of it.", at=at))
        return
    for found in summary.found:
        icon, colour = _LOOKS[found.word]
        word = f"**:{colour}[{icon} {t(decisions.WORDS[found.word])}]**"
        st.markdown(f"{word} · {plain(tm(decisions.headline(found)))}")


def _stages(project: Project) -> None:
    """Draw where the pilot stands, with sentences for a meeting."""
    stages = pilot.pilot_stages(project)
    following = next((stage.key for stage in stages if not stage.done), "")
    said = "\n".join(
        f"{t(pilot.STAGES[stage.key])}: {' '.join(tm(one) for one in stage.said)}"
        for stage in stages
    )
    with st.container(border=True, key="pilot_stages", gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                t(
                    "**Where this pilot stands** · {done} of {all} stages done",
                    done=sum(stage.done for stage in stages),
                    all=len(stages),
                ),
                width="stretch",
            )
            with st.popover(t("For a meeting"), icon=":material/groups:", type="tertiary"):
                st.caption(t("Sentences made from this project's own figures, to copy."))
                st.code(said, language=None, wrap_lines=True)
        for stage in stages:
            _stage(project, stage, following=stage.key == following)


def _stage(project: Project, stage: pilot.PilotStage, *, following: bool) -> None:
    mark = ":material/radio_button_unchecked:"
    if stage.done or following:
        mark = ":material/check_circle:" if stage.done else ":material/arrow_circle_right:"
    title, words, way = st.columns([2.4, 7, 1.4], gap="small", vertical_alignment="center")
    title.markdown(f"{mark} **{t(pilot.STAGES[stage.key])}**")
    words.caption(" ".join(plain(tm(one)) for one in stage.said))
    with way:
        if stage.key == "goal":
            label = t("Change") if stage.done else t("Agree")
            if st.button(label, key="agree_goal", type="tertiary", **only(DECIDE)):
                goal(project)
        elif stage.page and st.button(
            t(STOP_TITLES[stage.page]),
            key=f"stage_{stage.key}",
            type="tertiary",
            icon=":material/arrow_forward:",
        ):
            go_to(stage.page)


@st.dialog(t("Goal of the pilot"), icon=":material/flag:")
def goal(project: Project) -> None:
    """Ask what should get better, and for whom."""
    kept = project.state.goal
    with st.form("goal", border=False):
        text = st.text_area(
            t("What should get better, and for whom?"),
            value=kept.text if kept else "",
            placeholder=t("Customers find the right help page first, without calling us."),
            max_chars=400,
        )
        st.caption(
            t(
                "The measure is fixed: how far up the right answer comes, on questions that no "
                "model has learned from. Your name and the day are recorded."
            )
        )
        wanted = st.form_submit_button(t("We agree on this"), type="primary", **only(DECIDE))
    if wanted:
        with errors_shown():
            pilot.agree_goal(project, text, session.who())
            st.rerun()


def _project_card(project: Project) -> None:
    """Draw one project: its verdict, how far it is, what can be done with it."""
    stops = journey_status(project)
    done = [stop for stop in stops if stop.state == DONE]
    # Whoever has done everything comes back for the result.
    following = next((stop.key for stop in stops if stop.state != DONE), "compare")
    words = (
        t("All {all} steps done", all=len(stops))
        if len(done) == len(stops)
        else t(
            "{done} of {all} steps done · next: {stop}",
            done=len(done),
            all=len(stops),
            stop=t(STOP_TITLES[following]),
        )
    )
    with st.container(border=True, key=f"project_{project.id}"):
        st.markdown(f"##### {plain(project.name)}")
        _verdict(project)
        st.progress(len(done) / len(stops), text=words)
        jobs = jobs_of(project)
        active = max([project.created_at, *(job.created_at for job in jobs[:1])])
        last = (
            t(
                "last job ({kind}): {state}",
                kind=t(KINDS[jobs[0].kind].title) if jobs[0].kind in KINDS else plain(jobs[0].kind),
                state=t(STATE_TITLES[jobs[0].state]),
            )
            if jobs
            else t("no jobs yet")
        )
        count = question_count(project)
        asked = (
            []
            if count is None
            else [t(N_n("{count} question", "{count} questions"), count=f"{count:,}")]
        )
        st.caption(" · ".join([*asked, t("Last activity {at}", at=moment(active)), last]))
        with st.container(horizontal=True):
            if st.button(
                t("Open"), key=f"open_{project.id}", type="primary", icon=":material/arrow_forward:"
            ):
                session.choose_project(project)
                go_to(following)
            present_button(f"present_{project.id}", project)
            if st.button(
                t("Rename"),
                key=f"rename_{project.id}",
                icon=":material/edit:",
                **only(RENAME, project=project),
            ):
                rename(project)
            if st.button(
                t("Delete"),
                key=f"delete_{project.id}",
                icon=":material/delete:",
                **only(DELETE, project=project),
            ):
                delete(project)
            if st.button(
                t("People and record"),
                key=f"people_{project.id}",
                icon=":material/group:",
                **only(READ_AUDIT, project=project),
            ):
                people(project)


def _project_in_use() -> Project | None:
    """Return the project that is open, None where there is none or it cannot be read."""
    try:
        return session.project()
    except AppError:  # the list below says what is wrong
        return None


come_in(None)
st.title(t("Make your search find more"), anchor=False)
st.markdown(
    t(
        "Upload questions with their right answers, let several expert models score them, and "
        "fine-tune a small search model on those scores. You see before and after side by side, "
        "on questions the model has never met."
    )
)
show_receipt()
in_use = _project_in_use()
if in_use is not None:
    if not improve_view(in_use) and can_be_improved(in_use):
        improve_offer(in_use, other_way="experts")
    _stages(in_use)
known = session.workspace().projects()
with st.container(horizontal=True):
    if st.button(t("New project"), type="primary" if known else "secondary", icon=":material/add:"):
        _new_project()
if known:
    columns = st.columns(2)
    for number, project in enumerate(known):
        with columns[number % 2]:
            _project_card(project)
    if len(known) > 1 and st.toggle(
        t("All projects side by side, and what worked where"), key="portfolio_open"
    ):
        from pages.parts.portfolio import portfolio_view

        portfolio_view()
    with st.expander(t("Try with sample data"), icon=":material/science:"):
        sample_buttons(primary=False)
else:
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(
            f"#### {t('New here? One click takes you through with real data.')}",
            text_alignment="center",
        )
        sample_buttons()
