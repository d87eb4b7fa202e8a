"""Charts as plotly figures, each with a sentence and a table that say the same."""
