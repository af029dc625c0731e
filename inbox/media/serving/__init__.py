"""Copies and uploads on their way to a browser."""
