"""Moving an account to another bot, with all its conversations: one action that ends by itself."""
