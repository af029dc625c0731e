"""Events go out to automations: signed, in order, again and again until they are taken."""
