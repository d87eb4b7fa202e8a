"""Personal data in texts: what is recognised, how well, and how it is masked or taken out."""
