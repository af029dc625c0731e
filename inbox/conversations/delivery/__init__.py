"""Delivering what was written here: in order, each part exactly once or shown as failed."""
