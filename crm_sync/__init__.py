"""WHO elsewhere: the worker that mirrors edits into the CRM."""
