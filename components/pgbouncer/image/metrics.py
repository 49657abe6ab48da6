#!/usr/bin/env python3
"""Prints how the pool does, once a minute, as log lines that CloudWatch turns into metrics.

The lines are in CloudWatch's embedded metric format: CloudWatch Logs extracts the metrics from what the log driver sends, so
that no agent, no permission and no call of AWS's API is needed here. Usage: pooler-metrics NAMESPACE SOCKET_DIRECTORY PORT.

One line for each database that clients may use; its dimension is the database, so that all tasks add up to one metric: take
the sum of the counts and the maximum of the wait. A pooler that does not answer is a line on standard error, and no metric:
alarms must treat missing data as breaching.
"""

import csv
import json
import subprocess
import sys
import time
from collections import defaultdict

PERIOD_SECONDS = 60
# Well below the period: a reader that hangs must not hide the next minute too.
TIMEOUT_SECONDS = 20
# The console's own database has clients too, and this is one of them.
CONSOLE = "pgbouncer"
# The image holds this file alone, so it repeats names of contract/metrics.py. A test compares them.
UNITS = {
    "ClientsActive": "Count",
    "ClientsWaiting": "Count",
    "MaxWaitSeconds": "Seconds",
    "ServersActive": "Count",
    "Servers": "Count",
}
# SHOW POOLS counts a server connection in exactly one of these states (PgBouncer manual).
SERVER_STATES = (
    "sv_active",
    "sv_active_cancel",
    "sv_being_canceled",
    "sv_idle",
    "sv_used",
    "sv_tested",
    "sv_login",
)


def show_pools(socket_directory: str, port: str) -> str:
    """What `SHOW POOLS` answers, as CSV. Raises OSError and subprocess.SubprocessError."""
    command = [
        "psql", "--no-psqlrc", "--csv", f"--host={socket_directory}", f"--port={port}",
        "--username=pgbouncer", f"--dbname={CONSOLE}", "--command=SHOW POOLS",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_SECONDS)
    return done.stdout


def measure(pools: str) -> dict[str, dict[str, float]]:
    """The metrics of each database, out of the CSV of `SHOW POOLS`, which has a row for each database and user."""
    databases: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(UNITS, 0))
    for pool in csv.DictReader(pools.splitlines()):
        if pool["database"] == CONSOLE:
            continue
        metrics = databases[pool["database"]]
        metrics["ClientsActive"] += int(pool["cl_active"])
        metrics["ClientsWaiting"] += int(pool["cl_waiting"])
        waited = int(pool["maxwait"]) + int(pool["maxwait_us"]) / 1e6
        metrics["MaxWaitSeconds"] = max(metrics["MaxWaitSeconds"], waited)
        metrics["ServersActive"] += int(pool["sv_active"])
        metrics["Servers"] += sum(int(pool[state]) for state in SERVER_STATES)
    return dict(databases)


def embedded(namespace: str, database: str, metrics: dict[str, float], milliseconds: int) -> str:
    """One line of embedded metric format; `milliseconds` are since 1970."""
    directive = {
        "Namespace": namespace,
        "Dimensions": [["Database"]],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in UNITS.items()],
    }
    return json.dumps(
        {
            "_aws": {"Timestamp": milliseconds, "CloudWatchMetrics": [directive]},
            "Database": database,
            **metrics,
        }
    )


def report(namespace: str, socket_directory: str, port: str) -> None:
    """Print the lines of this minute."""
    try:
        databases = measure(show_pools(socket_directory, port))
    except (OSError, subprocess.SubprocessError) as error:
        print(f"the pooler's console does not answer: {type(error).__name__}", file=sys.stderr, flush=True)
        return
    milliseconds = time.time_ns() // 1_000_000
    for database, metrics in sorted(databases.items()):
        print(embedded(namespace, database, metrics, milliseconds), flush=True)


def until_next(now: float) -> float:
    """The seconds to the middle of the next minute, far from its ends: a little early or late, it is the same minute."""
    return PERIOD_SECONDS * 3 / 2 - now % PERIOD_SECONDS


def main() -> None:
    """Report for ever."""
    namespace, socket_directory, port = sys.argv[1:]
    while True:
        report(namespace, socket_directory, port)
        time.sleep(until_next(time.time()))


if __name__ == "__main__":
    main()
