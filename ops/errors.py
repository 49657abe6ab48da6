"""Errors of the operators' commands that are meant for people."""


class OpsError(Exception):
    """Something a person has to know or do; shown as one message without a trace, and the command ends with 1."""
