"""The judges: each module finds one kind of risk in a planned change."""
