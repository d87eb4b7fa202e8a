"""What only the Tune page draws."""
