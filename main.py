"""The pages: page config, language, who is here, navigation; nothing else. See ``app.py``."""

from pathlib import Path

import streamlit as st

from core.journey.projects import STOPS
from pages.parts import session
from pages.parts.deep_links import go_on
from pages.parts.errors import show_error
from pages.parts.sidebar import sidebar
from pages.parts.sign_in import JOIN, ask_to_come_in, link_in
from pages.parts.translate import t

# A file of its own: a browser would ask a server far away for the picture of a named icon.
icon = Path(__file__).with_name("pages") / "parts" / "icon.svg"
st.set_page_config(page_title="Search Tuner", page_icon=str(icon), layout="wide")
session.start()

journey = [
    st.Page("pages/data.py", title=t("Data"), icon=":material/table_view:"),
    st.Page("pages/experts.py", title=t("Experts"), icon=":material/groups:"),
    st.Page("pages/labels.py", title=t("Labels"), icon=":material/tune:"),
    st.Page("pages/tune.py", title=t("Tune"), icon=":material/model_training:"),
    st.Page("pages/compare.py", title=t("Compare"), icon=":material/compare_arrows:"),
    st.Page("pages/report.py", title=t("Report"), icon=":material/description:"),
]
home = st.Page("pages/home.py", title=t("Home"), icon=":material/home:", default=True)
shown = session.may_look_around()
page = st.navigation(
    {"": [home], t("The journey"): journey}, position="sidebar" if shown else "hidden"
)
ask_to_come_in(link_in(st.query_params))
go_on(STOPS)
sidebar(whole=shown)
try:
    if shown:
        page.run()
    elif st.query_params.get(JOIN):
        from pages.parts.data.taking_part import taking_part

        taking_part()
    else:
        # Loads pandas and pyarrow: more than half a second that the first page need not wait for.
        from pages.parts.compare.blind_vote import vote_of_the_link

        vote_of_the_link()
except Exception as error:  # no traceback reaches a user; control flow is not an Exception
    show_error(error)
