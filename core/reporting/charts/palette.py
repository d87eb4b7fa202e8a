"""The same thing has the same colour everywhere.

Hues of Okabe & Ito's set (https://jfly.uni-koeln.de/color/), told apart with every common kind of
colour blindness, shifted to a middle lightness so that they stand out on white and on near-black
alike. Text colours are never set: the page's theme supplies them.
"""

from __future__ import annotations

BASE = "#8a8d91"  # the untuned model: grey
TUNED = "#3b82d0"  # the tuned model: blue
RIGHT = "#12a08a"  # right answers: green-blue
OTHER = "#e08214"  # any other pair: orange
HARD_LABEL = "#6d648c"  # the hard label: dark, yet visible on a dark page
BASELINE = "#a08c5b"  # experts and lexical search beside base and tuned: muted sand
WORSE = "#d1493f"  # a verdict "worse": vermilion, told from the blue of "better"
GUIDE = "rgba(128,128,128,0.35)"  # grid lines
MARK = "rgba(128,128,128,0.95)"  # cuts and other marks that the reader sets

# White to blue for shares and correlations; the low end is transparent, so that it is the page's
# own background in either theme.
SEQUENTIAL = ((0.0, "rgba(59,130,208,0.0)"), (1.0, "rgba(59,130,208,0.38)"))

# Lower and higher than the mean: violet and orange, told apart with every common kind of colour
# blindness. The middle is transparent, and the ends leave text of either theme a contrast of 4.5.
LOWER, HIGHER = "#6a5acd", "#d66e0a"
DIVERGING = (
    (0.0, "rgba(106,90,205,0.55)"),
    (0.5, "rgba(106,90,205,0.0)"),
    (0.5, "rgba(214,110,10,0.0)"),
    (1.0, "rgba(214,110,10,0.55)"),
)
