"""Users who remove our app at Meta, and those who ask that their data be deleted."""
