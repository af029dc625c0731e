"""Names and pictures of customers, fetched from their channels as due work."""
