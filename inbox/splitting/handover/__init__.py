"""Somebody leaves: what they had becomes a colleague's, or is split again."""
