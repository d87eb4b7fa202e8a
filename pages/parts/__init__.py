"""Widgets and page furniture that several pages share."""
