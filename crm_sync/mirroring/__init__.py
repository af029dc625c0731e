"""What a CRM must still be told of each customer, and telling it."""
