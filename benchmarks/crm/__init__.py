"""What mirroring into a CRM takes: `python -m benchmarks.crm`."""
