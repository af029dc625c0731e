"""How a connection is: paused, resting, or well; shared by all processes."""
