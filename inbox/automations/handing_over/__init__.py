"""A conversation passes from an automation to people: when it asks, and when it is silent."""
