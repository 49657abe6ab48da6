"""Records previews of the sandbox's real engine for tests/golden/previews."""
