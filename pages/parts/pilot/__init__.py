"""What the Pilot page draws alone, and the search page that its link leads to."""
