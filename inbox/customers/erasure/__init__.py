"""Erasing a person on request: everything the database holds of them, and a tombstone."""
