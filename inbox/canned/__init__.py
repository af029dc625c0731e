"""Canned replies: texts that agents insert with a few keys, filled in for the customer."""
