"""CloudWatch Logs: a metric filter that is put again under its name takes the former one's place.

Source: CloudWatch Logs API Reference, PutMetricFilter. No line is ever looked at.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from moto.logs.models import LogsBackend

from sandbox.emulator.extending import extend, original


class Backend(LogsBackend):
    """PutMetricFilter, where moto would keep both."""

    def put_metric_filter(
        self, filter_name: str, filter_pattern: str, log_group_name: str, metric_transformations: str
    ) -> None:
        self.delete_metric_filter(filter_name, log_group_name)
        original(LogsBackend.put_metric_filter)(
            self, filter_name, filter_pattern, log_group_name, metric_transformations
        )


def install() -> None:
    """Put this into moto."""
    extend(LogsBackend, Backend)
