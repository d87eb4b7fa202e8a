"""A page that shows every payload in every element that reads markdown; run by a test."""

import plotly.graph_objects as go
import streamlit as st

from core.reporting.charts.chart import name_lines, new_figure, shortened, style_axes
from pages.parts.translate import plain, unbroken
from tests.browser.payloads import PAYLOADS

ONE_LINE = [text for text in PAYLOADS if "\n" not in text]

for number, text in enumerate(PAYLOADS):
    with st.container(key=f"p{number}"):
        st.markdown(plain(text))
        st.caption(plain(text))
        st.text(unbroken(text))
        st.markdown(f"- {plain(text)}")
        st.info(plain(text))
for number, text in enumerate(ONE_LINE):
    with st.container(key=f"l{number}"):
        st.button(plain(text), key=f"b{number}")
        st.checkbox(plain(text), key=f"c{number}")
        st.markdown(f"**“{plain(text.strip())}”**")
st.radio("radio", ONE_LINE, format_func=plain, key="choices")
st.pills("pills", ONE_LINE, format_func=plain, key="pills")
figure = new_figure(24 * len(ONE_LINE))
figure.add_trace(go.Scatter(x=[0] * len(ONE_LINE), y=list(range(len(ONE_LINE)))))
name_lines(figure, [shortened(text, 200) for text in ONE_LINE])
style_axes(figure)
st.plotly_chart(figure, key="chart")
st.markdown("drawn to the end")
