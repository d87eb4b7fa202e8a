"""What presenter mode alone draws: the stage, its keys, and the slides of the story."""
