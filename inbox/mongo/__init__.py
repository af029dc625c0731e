"""MongoDB: the client, every index in one table, migrations, the webhook journal, due work."""
