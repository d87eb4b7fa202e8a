"""After the verdict: a search page for real customers, what they do on it, an endpoint."""
