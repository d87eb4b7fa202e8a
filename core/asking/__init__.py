"""Asking people and models for questions and judgements: what is asked, in which order, and why."""
