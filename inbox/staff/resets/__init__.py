"""Links by which people who cannot sign in choose a new password."""
