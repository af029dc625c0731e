"""The parts of the simulated Zalo OpenAPI."""
