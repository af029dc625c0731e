"""What happened that an automation may have to heed, kept until it was: a transactional outbox."""
