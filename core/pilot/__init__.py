"""After the verdict: two models before real customers, what people do, an endpoint to search."""
