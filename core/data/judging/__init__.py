"""How people judge answers: words and numbers of ratings, their scales, the columns that hold them."""
