"""The errors of parameter groups. Each message states the value that was given and what to do."""


class ParameterError(ValueError):
    """An override that cannot be used. `name` is the parameter."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class FamilyError(ValueError):
    """An engine version without a parameter group family here, or a family of another version."""
