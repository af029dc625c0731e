"""The mark of what a CRM must still be told, written with the edit itself."""
