"""What programs of this process want to say is said, through the same door as everybody's."""
