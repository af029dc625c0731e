"""WHEN things happen: timed scripts."""
