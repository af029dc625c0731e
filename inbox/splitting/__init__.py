"""Splitting: who gets a new conversation, why, and when to try again."""
