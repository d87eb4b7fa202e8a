"""Experts' scores become soft labels: calibrated, combined, bent, overridden, measured."""
