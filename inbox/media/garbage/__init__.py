"""Stored objects that nothing refers to any more: found and deleted, never a needed one."""
