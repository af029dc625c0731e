"""Threads with customers and what was said in them."""
