"""Projects: channel accounts, members, settings."""
