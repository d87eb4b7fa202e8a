"""Entry of the app: page config, language, sign-in, navigation; nothing else."""

import streamlit as st

from core.journey.projects import STOPS
from pages.parts import session
from pages.parts.deep_links import go_on
from pages.parts.errors import show_error
from pages.parts.sidebar import sidebar
from pages.parts.sign_in import ask_to_sign_in
from pages.parts.translate import t

st.set_page_config(page_title="Search Tuner", page_icon=":material/manage_search:", layout="wide")
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
page = st.navigation({"": [home], t("The journey"): journey})
ask_to_sign_in()
go_on(STOPS)
sidebar()
try:
    page.run()
except Exception as error:  # no traceback reaches a user; control flow is not an Exception
    show_error(error)
