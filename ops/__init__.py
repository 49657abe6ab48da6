"""The operators' commands: see `ops.cli`."""
