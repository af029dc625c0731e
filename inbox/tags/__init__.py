"""Tags: one catalogue for the deployment; a tag belongs to the customer and travels with them."""
