"""The sidebar beside an open conversation: everything about its customer in one call."""
