"""Rehearsals over HTTP: a draft replayed over stored arrivals, with nothing changed by it."""
