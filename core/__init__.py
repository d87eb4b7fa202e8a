"""The journey from questions and answers to a better search model; usable without the app.

One folder per stop, in the order a user walks: ``data``, ``experts``, ``labels``, ``tuning``,
``evaluation``, ``reporting``. ``workspace`` is the only place that touches disk and database,
``jobs`` runs steps in the background, ``journey`` ties the stops together and is the one entry
for pages, command line and worker. Nothing below this folder imports streamlit.
"""
