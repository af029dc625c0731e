"""A Messenger-compatible gateway: programs written for Messenger take part in a bot unchanged."""
