"""FAQ documents and pages: what a reader takes for a question and its answer."""
