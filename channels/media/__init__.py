"""Fetching media from the platforms' networks, and from nowhere else."""
