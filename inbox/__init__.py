"""WHAT: conversations, customers, bots, staff, the live feed and the HTTP API."""
