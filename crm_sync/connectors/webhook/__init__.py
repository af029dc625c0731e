"""Any CRM that answers our own signed calls: the contract is docs/crm-webhook.md."""
