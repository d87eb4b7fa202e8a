"""What only the Labels page draws."""
