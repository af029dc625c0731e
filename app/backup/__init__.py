"""Backup and restore: the database at one moment, and the stored media, in one folder."""
