"""What was missed while we could not receive, read back from the platforms as due work."""
