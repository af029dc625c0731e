"""WIRING: settings, composition root, command line, embedded MongoDB, demo. Imported by nobody."""
