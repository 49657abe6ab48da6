"""The common shape of errors about one argument."""


class FieldError(ValueError):
    """A value that cannot be used. `field` names the argument; the message states the value and what is allowed."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
