"""What only the Experts page draws."""
