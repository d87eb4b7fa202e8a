"""Search logs: what their columns are called, and lines in which more than a question stands."""
