"""Direct connections against pooled ones, with pgbench on this machine: `python -m tests.bench.pooling`.

Client, pooler and server share its cores, so only ratios within one run mean anything. Rounds of direct and pooled take
turns; each figure is the median of the rounds, and a ratio the median of each round's own. "plain" is without TLS and passwords, where pooling itself shows;
"SCRAM" adds passwords; "platform" is as rendered, with TLS on both sides, whose cost is mostly the client's.
"""

import os
import re
import resource
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from components.pgbouncer.settings import options
from sandbox.servers import pgbouncer, postgres
from sandbox.servers.certificates import CertificateAuthority
from sandbox.servers.pgbouncer import PgBouncerSpec, Place
from sandbox.servers.postgres import Authentication, PostgresSpec, Setting
from tests.harness.pooled import APP, BUDGET, HOST, Databases, Secrets, databases

CLIENTS = (20, 200, 1_000, 2_000)
# Of single rounds the ratio at 2,000 clients was 2.0 to 2.4, that of the 99th percentiles 3.7 to 7.
ROUNDS = 5
# pgbench's time runs while it opens its sessions, of which 2,000 direct ones take 4 s. A number of transactions for each
# client is no way round that: the fast ones would leave the slow ones to finish among themselves.
READ_SECONDS = 15
SET_UP_SECONDS = 8
# 5 million rows, 750 MB: they fit into the shared buffers, so that connections are what is measured.
SCALE = 50
MAX_CLIENTS = max(CLIENTS) + 100
SERVER_SETTINGS: dict[str, Setting] = {
    "max_connections": MAX_CLIENTS + 50,
    "shared_buffers": "2GB",
    "max_wal_size": "4GB",
}
# What is promised, as ratios within one run.
POOLED_OVER_DIRECT, P99_OVER_DIRECT, POOLED_KEPT = 2.2, 1 / 5, 0.75
# On the platform it only has to be faster: TLS handshakes of clients on the same cores are most of it.
SET_UP_PLAIN, SET_UP_SCRAM, SET_UP_PLATFORM = 12.0, 2.5, 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where pgbench connects to, and as whom."""

    port: int
    user: str
    database: str
    password: str
    sslmode: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Transactions per second and the 99th percentile of their time."""

    tps: float
    p99_ms: float


class Pgbench:
    """Runs pgbench against a target."""

    def __init__(self, program: str) -> None:
        self._program = program

    def start(self, target: Target, *arguments: str) -> str:
        """Run to the end; returns what it printed. Raises: SystemExit where a transaction failed."""
        done = subprocess.run(
            [
                self._program,
                f"--host={HOST}",
                f"--port={target.port}",
                f"--username={target.user}",
                *arguments,
                target.database,
            ],
            env={"PGPASSWORD": target.password, "PGSSLMODE": target.sslmode, "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or re.search(r"failed transactions: [1-9]", done.stdout):
            raise SystemExit(f"pgbench {' '.join(arguments)} failed: {(done.stdout + done.stderr)[-1500:]}")
        return done.stdout

    def fill(self, target: Target) -> None:
        """Make the tables, and read from them until the buffers are warm."""
        self.start(target, "--initialize", "--init-steps=dtGvp", f"--scale={SCALE}", "--quiet")
        self.select(target, min(CLIENTS))

    def select(self, target: Target, clients: int, *more: str) -> Run:
        """Single-row reads by that many clients at once."""
        with tempfile.TemporaryDirectory() as folder:
            output = self.start(
                target,
                "--select-only",
                "--no-vacuum",
                f"--client={clients}",
                "--jobs=2",
                f"--time={READ_SECONDS}",
                "--log",
                f"--log-prefix={folder}/log",
                *more,
            )
            times_us = sorted(
                int(line.split(" ", 3)[2])
                for log in Path(folder).iterdir()
                for line in log.read_text().splitlines()
            )
        return Run(tps=_tps(output), p99_ms=times_us[len(times_us) * 99 // 100] / 1000)

    def connections_per_second(self, target: Target) -> float:
        """How often 20 clients connect, read a row and leave."""
        return _tps(
            self.start(
                target,
                "--select-only",
                "--no-vacuum",
                "--connect",
                "--client=20",
                "--jobs=2",
                f"--time={SET_UP_SECONDS}",
            )
        )


def _tps(output: str) -> float:
    [found] = re.findall(r"^tps = ([\d.]+)", output, re.MULTILINE)
    return float(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides:
    """What is compared: the same server directly and through the pooler."""

    title: str
    bench: Pgbench
    direct: Target
    pooled: Target


@contextmanager
def without_tls(authentication: Authentication) -> Iterator[Sides]:
    """A server and the rendered pooler, both without TLS and with that way to log in."""
    with postgres.primary(PostgresSpec(authentication=authentication, settings=SERVER_SETTINGS)) as primary:
        primary.query("create database reptidex")
        [(verifier,)] = primary.query("select rolpassword from pg_authid where rolname = 'postgres'")
        known = Databases(
            primary=primary, replica=primary, authority=CertificateAuthority(), secrets=Secrets.generate()
        )

        def ini(place: Place) -> str:
            settings = replace(known.settings(place), max_client_connections=MAX_CLIENTS)
            values = {option.name: option.value for option in options(settings) if "tls" not in option.name}
            values |= {
                "auth_type": authentication,
                "server_tls_sslmode": "disable",
                "admin_users": "postgres",
            }
            lines = [f"{name} = {value}" for name, value in values.items()]
            size = BUDGET.max_db_connections
            route = f"reptidex = host={HOST} port={primary.port} pool_size={size} max_db_connections={size}"
            return "\n".join(["[databases]", route, "[pgbouncer]", *lines, ""])

        login = {"user": "postgres", "password": primary.spec.admin_password}
        spec = PgBouncerSpec(
            ini=ini,
            files={"userlist.txt": f'"postgres" "{verifier}"\n'},
            console={**login, "sslmode": "disable"},
        )
        with pgbouncer.pooler(spec) as pooler:
            direct = Target(port=primary.port, database="reptidex", sslmode="disable", **login)
            yield Sides(
                title="plain" if authentication == "trust" else "SCRAM",
                bench=Pgbench(primary.programs.path("pgbench")),
                direct=direct,
                pooled=replace(direct, port=pooler.port),
            )


@contextmanager
def platform() -> Iterator[Sides]:
    """The platform's databases and pooler: direct and pooled."""
    with (
        databases(settings=SERVER_SETTINGS) as running,
        running.pooler(max_client_connections=MAX_CLIENTS) as pooler,
    ):
        direct = Target(
            port=running.primary.port,
            user=APP,
            database="reptidex",
            password=running.secrets.passwords[APP],
            sslmode="require",
        )
        bench = Pgbench(running.primary.programs.path("pgbench"))
        yield Sides(title="platform", bench=bench, direct=direct, pooled=replace(direct, port=pooler.port))


def median_run(runs: Sequence[Run]) -> Run:
    return Run(
        tps=statistics.median(run.tps for run in runs), p99_ms=statistics.median(run.p99_ms for run in runs)
    )


def _tps_ratio(runs: Sequence[Run], yardsticks: Sequence[Run]) -> float:
    return statistics.median(run.tps / yardstick.tps for run, yardstick in zip(runs, yardsticks, strict=True))


def compare(console: Console, sides: Sides) -> None:
    """Measure reads and connections, and print them with what is promised."""
    sides.bench.fill(sides.direct)
    runs: dict[tuple[str, int], list[Run]] = {}
    for turn in range(ROUNDS):
        for clients in CLIENTS:
            for name, target in (("direct", sides.direct), ("pooled", sides.pooled)):
                run = sides.bench.select(target, clients)
                console.print(
                    f"{sides.title}, round {turn + 1}: {name} {clients}: {run.tps:.0f}/s, p99 {run.p99_ms:.1f} ms"
                )
                runs.setdefault((name, clients), []).append(run)
    seen = {key: median_run(value) for key, value in runs.items()}
    table = Table(
        "clients", "direct /s", "p99 ms", "pooled /s", "p99 ms", "pooled / direct", title=sides.title
    )
    for clients in CLIENTS:
        one, other = seen["direct", clients], seen["pooled", clients]
        table.add_row(
            *(f"{value:.0f}" for value in (clients, one.tps, one.p99_ms, other.tps, other.p99_ms)),
            f"{_tps_ratio(runs['pooled', clients], runs['direct', clients]):.2f}",
        )
    console.print(table)
    winning = [clients for clients in CLIENTS if seen["pooled", clients].tps >= seen["direct", clients].tps]
    console.print(
        f"pooling pays from {min(winning)} clients on" if winning else "pooling pays at no number tried"
    )
    most, few = max(CLIENTS), min(CLIENTS)
    goal(
        console,
        f"pooled / direct at {most}",
        _tps_ratio(runs["pooled", most], runs["direct", most]),
        POOLED_OVER_DIRECT,
    )
    goal(
        console,
        f"direct / pooled p99 at {most}",
        statistics.median(
            one.p99_ms / other.p99_ms
            for one, other in zip(runs["direct", most], runs["pooled", most], strict=True)
        ),
        1 / P99_OVER_DIRECT,
    )
    goal(
        console,
        f"pooled at {most} / at {few}",
        _tps_ratio(runs["pooled", most], runs["pooled", few]),
        POOLED_KEPT,
    )


def compare_set_up(console: Console, sides: Sides, limit: float) -> None:
    """Measure how fast connections are made, directly and to the pooler."""
    rates = {
        name: statistics.median(sides.bench.connections_per_second(target) for _ in range(ROUNDS))
        for name, target in (("direct", sides.direct), ("pooled", sides.pooled))
    }
    console.print(
        f"{sides.title}: connections direct {rates['direct']:.0f}/s, pooled {rates['pooled']:.0f}/s"
    )
    goal(console, "set-up, pooled / direct", rates["pooled"] / rates["direct"], limit)


def goal(console: Console, what: str, ratio: float, limit: float) -> None:
    """Print a ratio beside what is promised."""
    verdict = "[green]kept[/green]" if ratio >= limit else "[red]missed[/red]"
    console.print(f"{what}: {ratio:.2f}, promised {limit:.2f}: {verdict}")


def main(console: Console | None = None) -> None:
    """Measure both and print the tables; takes about fifteen minutes."""
    console = console or Console(width=120)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * MAX_CLIENTS), hard))
    with without_tls("trust") as sides:
        compare(console, sides)
        compare_set_up(console, sides, SET_UP_PLAIN)
        run = sides.bench.select(sides.pooled, 20, "--protocol=prepared")
        console.print(f"prepared statements through the pool: {run.tps:.0f}/s, none failed")
    with without_tls("scram-sha-256") as sides:
        sides.bench.fill(sides.direct)
        compare_set_up(console, sides, SET_UP_SCRAM)
    with platform() as sides:
        sides.bench.fill(sides.direct)
        compare_set_up(console, sides, SET_UP_PLATFORM)
        for clients in (20, 200):
            one, other = (sides.bench.select(each, clients) for each in (sides.direct, sides.pooled))
            console.print(f"platform, {clients} clients: pooled / direct {other.tps / one.tps:.2f}")


if __name__ == "__main__":
    main()
