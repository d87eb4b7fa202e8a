"""The same questions and answers in several languages, side by side in one table."""
