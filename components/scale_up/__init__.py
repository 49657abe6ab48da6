"""What grows by itself when an alarm says that it is too small."""
