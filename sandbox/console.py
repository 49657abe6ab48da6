"""What a person sees while the sandbox works: one line per step, with the time it took.

Everything goes to standard error, so that standard output holds only what a command is asked for (outputs, JSON,
exports). On a terminal a spinner shows what is going on; elsewhere a running step says so once in a while.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

console = Console(stderr=True, highlight=False, soft_wrap=True)
# Often enough to show a log's reader that a step is alive, rare enough to keep a four-minute build to eight lines.
PLAIN_PROGRESS_SECONDS = 30


class Step:
    """A step under way: `detail` says what it is doing now, `outcome` what it found, shown when it ends."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.outcome = ""
        self._started = self._last_line = time.monotonic()
        self._status = console.status(escape(message)) if console.is_terminal else None

    def detail(self, text: str) -> None:
        """Say what the step is doing now."""
        line = f"{escape(self.message)}: {escape(text)} ({self.seconds:.0f} s)"
        if self._status:
            self._status.update(line)
        elif time.monotonic() - self._last_line >= PLAIN_PROGRESS_SECONDS:
            self._last_line = time.monotonic()
            console.print(f"  … {line}")

    @property
    def seconds(self) -> float:
        """How long the step has been under way."""
        return time.monotonic() - self._started

    def begin(self) -> None:
        """Show the step as under way."""
        if self._status:
            self._status.start()
        else:
            console.print(f"… {escape(self.message)}")

    def end(self, mark: str) -> None:
        """Show the step as over, with `mark` in front."""
        if self._status:
            self._status.stop()
        outcome = f": {escape(self.outcome)}" if self.outcome else ""
        console.print(f"{mark} {escape(self.message)}{outcome} [dim]({self.seconds:.1f} s)[/dim]")


@contextmanager
def step(message: str) -> Iterator[Step]:
    """Show `message` as under way; print it once more with a mark and the seconds it took when the block ends."""
    current = Step(message)
    current.begin()
    try:
        yield current
    except BaseException:
        current.end("[red]✗[/red]")
        raise
    current.end("[green]✓[/green]")


def say(message: str) -> None:
    """A line of plain information."""
    console.print(escape(message))


def warn(message: str) -> None:
    """A line that a person should not miss."""
    console.print(f"[yellow]![/yellow] {escape(message)}")
