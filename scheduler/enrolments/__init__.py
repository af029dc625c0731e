"""Customers on scripts: attaching, taking the steps when they are due, stopping."""
