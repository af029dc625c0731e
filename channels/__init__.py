"""HOW platforms speak: webhooks in, parsed into typed events and routed to handlers."""
