"""What clients see of faults behind the pooler: `python -m tests.bench.failover`. See `tests.sandbox.pgbouncer.faults`."""

from rich.console import Console
from rich.table import Table

from components.pgbouncer.settings import TCP_USER_TIMEOUT_MS
from tests.sandbox.pgbouncer.faults import FAULTS, namespaces_allowed, run_fault

# Seconds from the fault or, where it moves, from the move of the name.
AFTER_FLIP_LIMIT, SILENCE_LIMIT = 0.5, TCP_USER_TIMEOUT_MS / 1000 + 1


def main(console: Console | None = None) -> None:
    """Let each fault happen once and print one table; takes about a minute and a half."""
    console = console or Console(width=120)
    if not namespaces_allowed():
        console.print("faults: not measured, as this machine lets us make no network namespaces")
        return
    table = Table(
        "fault",
        "name moved",
        "first success",
        "all clients",
        "limit",
        "broken",
        "refused",
        "lost",
        "stuck",
        "verdict",
    )
    for fault in FAULTS:
        seen = run_fault(fault)
        limit = SILENCE_LIMIT if fault == "silent" else seen.flip + AFTER_FLIP_LIMIT
        table.add_row(
            fault,
            *(
                "never" if value is None else f"{value:.2f} s"
                for value in (seen.flip, seen.first_success, seen.all_clients, limit)
            ),
            str(seen.broken),
            str(seen.refused),
            "not measured" if seen.lost is None else str(seen.lost),
            str(seen.stuck),
            "kept" if seen.first_success is not None and seen.first_success <= limit else "missed",
        )
    console.print(table)


if __name__ == "__main__":
    main()
