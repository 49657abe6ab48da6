"""Reusable Pulumi components, and the pure arithmetic beside them.

Nothing here reads configuration, the environment or a cloud: `infra/` decides and passes facts.
"""
