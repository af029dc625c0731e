"""Facebook Messenger and Instagram: signature and parser."""
