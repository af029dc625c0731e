"""How accounts are: what is wrong with one, since when, and what a person should do about it."""
