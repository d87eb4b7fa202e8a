"""The pages: page config, language, who is here, navigation; nothing else. See ``app.py``."""

from pathlib import Path

import streamlit as st

from core.journey.projects import PILOT, STOPS
from pages.parts import session
from pages.parts.deep_links import PRESENT, go_on, page_of
from pages.parts.errors import show_error
from pages.parts.page import HERE, close_page, navigation
from pages.parts.sidebar import sidebar
from pages.parts.sign_in import JOIN, SEARCH, ask_to_come_in, link_in

_SIDEBAR_WIDTH = 240  # pixels

# A file of its own: a browser would ask a server far away for the picture of a named icon.
parts = Path(__file__).with_name("pages") / "parts"
st.set_page_config(
    page_title="Search Tuner",
    page_icon=str(parts / "icon.svg"),
    layout="wide",
    initial_sidebar_state=_SIDEBAR_WIDTH,
)
st.html(parts / "frame.css")
session.start()
shown = session.may_look_around()
places = (*STOPS, PILOT, PRESENT)
pages = [st.Page("pages/home.py", default=True), *(st.Page(page_of(stop)) for stop in places)]
page = st.navigation(pages, position="hidden")
st.session_state[HERE] = page.url_path or "home"
framed = shown and page.url_path != PRESENT  # a slide has the screen to itself
ask_to_come_in(link_in(st.query_params))
go_on(places)
if framed or not shown:
    sidebar(whole=shown)
if framed:
    navigation()
try:
    if shown:
        page.run()
    elif st.query_params.get(JOIN):
        from pages.parts.data.taking_part import taking_part

        taking_part()
    elif st.query_params.get(SEARCH):
        from pages.parts.pilot.search_page import search_page

        search_page()
    else:
        # Loads pandas and pyarrow: more than half a second that the first page need not wait for.
        from pages.parts.compare.blind_vote import vote_of_the_link

        vote_of_the_link()
except Exception as error:  # no traceback reaches a user; control flow is not an Exception
    show_error(error)
finally:  # a page may end early
    if framed:
        close_page()
