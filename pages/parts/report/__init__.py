"""What only the Report page draws."""
