"""Uploaded bytes to a table of texts, whatever format they come in; ``formats`` is the way in."""
