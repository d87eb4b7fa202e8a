"""How people judge answers: words of ratings, and scales that the names of columns tell."""
