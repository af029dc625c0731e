"""Which field is which, and what a difference between the two sides means. Pure."""
