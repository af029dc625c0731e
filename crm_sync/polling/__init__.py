"""Looks for what people changed in the CRM; a webhook of the CRM only makes it look sooner."""
