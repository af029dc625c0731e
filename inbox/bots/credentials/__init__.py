"""The secrets of connected accounts: sealed, replaced only by who knows the old ones."""
