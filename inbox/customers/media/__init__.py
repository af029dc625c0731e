"""The media block of a customer: its list, and an archive of what was chosen from it."""
