"""What a shop keeps about its customers beside phones, e-mail and note: typed, in one catalogue."""
