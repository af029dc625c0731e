"""Looks after connected accounts: do their tokens live, do their webhooks come, are they silent."""
