"""Tells a CRM of customers whom nobody has edited since it was connected."""
