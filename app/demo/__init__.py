"""The demo: simulated Facebook, Instagram and Zalo whose customers write to the running server."""
