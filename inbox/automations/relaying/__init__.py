"""What happens in a bot becomes numbered events for its automations."""
