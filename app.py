"""What ``streamlit run app.py`` serves: the pages of ``main.py`` behind the door."""

import streamlit as st
from starlette.middleware import Middleware

from pages.parts.door import Door

app = st.App("main.py", middleware=[Middleware(Door)])
