"""Bitrix24: customers are contacts (`crm.item.*`, entityTypeId 3), notes are timeline comments."""
