"""Comments under posts, moderated: hidden from the public, liked, taken back."""
