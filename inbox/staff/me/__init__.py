"""What people do about their own account: name, password, sessions."""
