"""What happened with a customer, one immutable interaction each."""
