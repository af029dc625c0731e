"""A simulated Getfly CRM: its documented API over real HTTP, and pages that people read."""
