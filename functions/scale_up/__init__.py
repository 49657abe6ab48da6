"""Scale-up: one larger size for a database or a store when its alarm fires."""
