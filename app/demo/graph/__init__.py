"""The parts of the simulated Graph API."""
