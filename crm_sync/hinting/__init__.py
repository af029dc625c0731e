"""Webhooks of the CRM: hints which record to read again, never taken at their word."""
