"""Reading a customer's contact data in full, where it is masked: logged each time."""
