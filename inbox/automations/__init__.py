"""Programs that take part in a bot: told what happens by webhooks, answering over the API."""
