"""How people judge answers: ratings in words and numbers, their scales, and their columns."""
