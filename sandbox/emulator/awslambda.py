"""Lambda: what a function does with calls that fail can be changed, where moto goes on showing the first setting.

Source: AWS Lambda API Reference, PutFunctionEventInvokeConfig and UpdateFunctionEventInvokeConfig.
"""

from typing import Any

from moto.awslambda.models import LambdaBackend

from sandbox.emulator.extending import extend, original


class Backend(LambdaBackend):
    """Methods of LambdaBackend that answer differently from AWS."""

    def put_function_event_invoke_config(self, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
        """Set it anew."""
        self.get_function(function_name).event_invoke_config = []
        return original(LambdaBackend.put_function_event_invoke_config)(self, function_name, config)

    def update_function_event_invoke_config(
        self, function_name: str, config: dict[str, Any]
    ) -> dict[str, Any]:
        """Change what is given, and keep the rest."""
        before = self.get_function_event_invoke_config(function_name)
        kept = {key: value for key, value in before.items() if key not in ("FunctionArn", "LastModified")}
        return self.put_function_event_invoke_config(function_name, {**kept, **config})


def install() -> None:
    """Put this into moto."""
    extend(LambdaBackend, Backend)
