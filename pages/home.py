"""Home: projects, journey progress, and the sample data."""

import streamlit as st

from core.journey import projects
from core.journey.jobs import KINDS, STATE_TITLES, jobs_of
from core.journey.projects import DONE, Project, journey_status
from core.types.rights import DELETE, GIVEN_ROLES, READ_AUDIT, RENAME, ROLE_TITLES
from pages.parts import session
from pages.parts.deep_links import go_to
from pages.parts.errors import errors_shown
from pages.parts.page import STOP_TITLES, journey_bar, sample_buttons
from pages.parts.receipt import keep_receipt, show_receipt
from pages.parts.rights import only
from pages.parts.translate import moment, plain, t


@st.dialog(t("New project"), icon=":material/add:")
def _new_project() -> None:
    """Ask for a name and make the project."""
    name = st.text_input(t("Name of the project"), placeholder=t("Support FAQ, spring pilot"))
    if st.button(t("Create"), type="primary"):
        with errors_shown():
            session.choose_project(session.workspace().create_project(name, session.who()))
            go_to("data")


@st.dialog(t("Rename project"), icon=":material/edit:")
def rename(project: Project) -> None:
    """Ask for another name."""
    name = st.text_input(t("Name of the project"), value=project.name)
    if st.button(t("Rename"), type="primary"):
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
            "{count} entries, each sealed by the one before. The last seal is {seal}: who notes it "
            "down can prove later that nothing was changed or taken out.",
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


def _project_card(project: Project) -> None:
    """Draw one project: how far it is, its last job, what can be done with it."""
    stops = journey_status(project)
    done = [stop for stop in stops if stop.state == DONE]
    following = next((stop for stop in stops if stop.state != DONE), stops[-1])
    with st.container(border=True, key=f"project_{project.id}"):
        st.markdown(f"##### {plain(project.name)}")
        st.progress(
            len(done) / len(stops),
            text=t(
                "{done} of {all} steps done · next: {stop}",
                done=len(done),
                all=len(stops),
                stop=t(STOP_TITLES[following.key]),
            ),
        )
        jobs = jobs_of(project)
        created = t("Made {at}", at=moment(project.created_at))
        last = (
            t(
                "last job ({kind}): {state}",
                kind=t(KINDS[jobs[0].kind].title) if jobs[0].kind in KINDS else plain(jobs[0].kind),
                state=t(STATE_TITLES[jobs[0].state]),
            )
            if jobs
            else t("no jobs yet")
        )
        st.caption(f"{created} · {last}")
        with st.container(horizontal=True):
            if st.button(
                t("Open"), key=f"open_{project.id}", type="primary", icon=":material/arrow_forward:"
            ):
                session.choose_project(project)
                go_to(following.key)
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


journey_bar()
st.title(t("Make your search find more"), anchor=False)
st.markdown(
    t(
        "Upload questions with their right answers, let several expert models score them, and "
        "fine-tune a small search model on those scores. You see before and after side by side, "
        "on questions the model has never met."
    )
)
show_receipt()
known = session.workspace().projects()
with st.container(horizontal=True):
    if st.button(t("New project"), type="primary" if known else "secondary", icon=":material/add:"):
        _new_project()
if known:
    columns = st.columns(2)
    for number, project in enumerate(known):
        with columns[number % 2]:
            _project_card(project)
    with st.expander(t("Try with sample data"), icon=":material/science:"):
        sample_buttons(primary=False)
else:
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(
            f"#### {t('New here? One click takes you through with real data.')}",
            text_alignment="center",
        )
        sample_buttons()
