"""What agents see of the CRM: the record at a glance, how far edits are, and "sync now"."""
