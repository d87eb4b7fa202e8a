"""Presenter mode: the story of a project on one slide after another, walked by the arrow keys."""

from pages.parts import session
from pages.parts.deep_links import PRESENT, come_in, go_to
from pages.parts.present.slides import SLIDES
from pages.parts.present.stage import present
from pages.parts.present.story import Story

come_in(PRESENT)
project = session.project()
if project is None:
    go_to("home")  # a project is chosen there
else:
    present(SLIDES, Story(project))
