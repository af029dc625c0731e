"""People who sign in: sessions, roles, tokens, audit."""
