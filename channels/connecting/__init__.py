"""Connecting pages and OAs: login dialogs, pasted tokens, and what Meta tells of leaving users."""
