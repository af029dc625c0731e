"""Whom another product means, by what it knows of a person."""
