"""The desired state: what the program declares, found by running it under mocks, without an engine or a cloud."""
