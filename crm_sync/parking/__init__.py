"""What nobody tries any more: a list for people, and another try when they ask for it."""
