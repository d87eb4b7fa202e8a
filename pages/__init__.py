"""One page per stop of the journey, thin: read state, draw, start a step, show the result."""
