"""Pilot: a search page for real customers, what they do on it, and which model serves them."""

from core.messages import N_
from pages.parts.page import action_bar, open_page, tabs
from pages.parts.pilot.importing_events import importing
from pages.parts.pilot.organising import search_page_in_use
from pages.parts.pilot.rollout import rollout_of_model
from pages.parts.pilot.versions import versions_of_model
from pages.parts.pilot.watch import watch
from pages.parts.pilot.what_people_did import erasing, notes_written, searches_made
from pages.parts.translate import t

VERSIONS, ROLLOUT = (N_("Versions"), versions_of_model), (N_("Rollout"), rollout_of_model)
WATCH = (N_("Watch"), watch)
IMPORT = (N_("Import events"), importing)
TABS = (
    (N_("Searches"), searches_made),
    VERSIONS,
    ROLLOUT,
    WATCH,
    (N_("Notes of visitors"), notes_written),
    IMPORT,
    (N_("Erase searches"), erasing),
)
WITHOUT_PAGE = (VERSIONS, ROLLOUT, WATCH, IMPORT)  # events can come from elsewhere, too

context = open_page(
    "pilot", t("Put the model before real customers, and see what they find and what they do not.")
)
plan = search_page_in_use(context)
tabs("pilot_tab", TABS if plan is not None else WITHOUT_PAGE, context, plan)
action_bar()
