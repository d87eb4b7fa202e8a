"""Texts that are nearly the same, and the answer groups that they make."""
