"""Scale-up: one larger size for a part whose alarm fires."""
