"""Zalo Official Accounts: signature and parser."""
