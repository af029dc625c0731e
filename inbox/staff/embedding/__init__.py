"""Signing in inside the frame of another product, by way of a pop-up."""
