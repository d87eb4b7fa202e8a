"""Which column of a table is what: names in many languages, and what columns hold."""
