"""Several tunings on one validation set: a race of settings, a curve over the amount of data."""
