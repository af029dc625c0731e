"""Compares a whole CRM with what we wrote into it, and mends what little has come apart."""
