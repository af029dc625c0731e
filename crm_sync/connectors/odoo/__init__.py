"""Odoo 11 and later: customers are `res.partner`, notes are in its chatter."""
