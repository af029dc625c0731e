"""What people change elsewhere, in a CRM, becomes an edit here."""
