"""People, their channel identities and what may be edited about them."""
