"""Has the CRM forget what it got of people who are erased."""
