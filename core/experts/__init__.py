"""Experts: models and rules that score how well an answer fits a question."""
