"""Direct connections against pooled ones, with pgbench on this machine: `python -m tests.bench.pooling`.

Client, pooler and server share its cores, so only ratios within one run mean anything. Direct and pooled take turns;
each figure is the median of the rounds, and a ratio the median of each round's own. "plain" is without TLS and
passwords, where pooling itself shows; "SCRAM" adds passwords; "platform" is as rendered, with TLS on both sides, whose
cost is mostly the client's.
"""

import os
import re
import resource
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
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
# pgbench's time runs while it opens its sessions, of which 2,000 direct ones take 4 s. A number of transactions for each
# client is no way round that: the fast ones would leave the slow ones to finish among themselves.
SECONDS = 15
SET_UP_SECONDS, SET_UP_ROUNDS = 8, 5
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
class Workload:
    """One of pgbench's own scripts, and how many rounds of it a median needs."""

    title: str
    builtin: str
    rounds: int


# In single rounds at 2,000 clients, pooled over direct was 1.8 to 2.4, and the ratio of the 99th percentiles 2.5 to 12.
READS = Workload(title="reads of one row", builtin="select-only", rounds=5)
# There, 2.0 to 3.1 and 6 to 10.
WRITES = Workload(title="updates of three rows, an insert and a read", builtin="tpcb-like", rounds=3)


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
        self.transact(target, READS, min(CLIENTS))

    def transact(self, target: Target, workload: Workload, clients: int, *more: str) -> Run:
        """The workload by that many clients at once."""
        with tempfile.TemporaryDirectory() as folder:
            output = self.start(
                target,
                f"--builtin={workload.builtin}",
                "--no-vacuum",
                f"--client={clients}",
                "--jobs=2",
                f"--time={SECONDS}",
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
                f"--builtin={READS.builtin}",
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What direct and pooled connections did one after the other, with the same number of clients."""

    direct: Run
    pooled: Run


def median(rounds: Sequence[Round], figure: Callable[[Round], float]) -> float:
    """The median over the rounds of a figure that each of them has."""
    return statistics.median(figure(each) for each in rounds)


def compare(console: Console, sides: Sides, workload: Workload) -> None:
    """Measure the workload with each number of clients, and print it with what is promised."""
    title = f"{sides.title}, {workload.title}"
    seen: dict[int, list[Round]] = {clients: [] for clients in CLIENTS}
    for turn in range(workload.rounds):
        for clients in CLIENTS:
            direct, pooled = (
                sides.bench.transact(target, workload, clients) for target in (sides.direct, sides.pooled)
            )
            seen[clients].append(Round(direct=direct, pooled=pooled))
            console.print(
                f"{title}, round {turn + 1}, {clients} clients: direct {direct.tps:.0f}/s, p99 {direct.p99_ms:.1f} ms; "
                f"pooled {pooled.tps:.0f}/s, p99 {pooled.p99_ms:.1f} ms",
                soft_wrap=True,
            )
    console.print(table(title, seen))
    winning = [clients for clients, rounds in seen.items() if median(rounds, tps_ratio) >= 1]
    console.print(
        f"pooling pays from {min(winning)} clients on" if winning else "pooling pays at no number tried"
    )
    most, few = max(CLIENTS), min(CLIENTS)
    goal(console, f"pooled / direct at {most}", median(seen[most], tps_ratio), POOLED_OVER_DIRECT)
    goal(
        console,
        f"direct / pooled p99 at {most}",
        median(seen[most], lambda each: each.direct.p99_ms / each.pooled.p99_ms),
        1 / P99_OVER_DIRECT,
    )
    kept = statistics.median(
        many.pooled.tps / one.pooled.tps for many, one in zip(seen[most], seen[few], strict=True)
    )
    goal(console, f"pooled at {most} / at {few}", kept, POOLED_KEPT)


def tps_ratio(each: Round) -> float:
    """Transactions per second, pooled over direct."""
    return each.pooled.tps / each.direct.tps


def table(title: str, seen: Mapping[int, Sequence[Round]]) -> Table:
    """The medians of each number of clients."""
    rows = Table("clients", "direct /s", "p99 ms", "pooled /s", "p99 ms", "pooled / direct", title=title)
    for clients, rounds in seen.items():
        rows.add_row(
            str(clients),
            f"{median(rounds, lambda each: each.direct.tps):.0f}",
            f"{median(rounds, lambda each: each.direct.p99_ms):.1f}",
            f"{median(rounds, lambda each: each.pooled.tps):.0f}",
            f"{median(rounds, lambda each: each.pooled.p99_ms):.1f}",
            f"{median(rounds, tps_ratio):.2f}",
        )
    return rows


def compare_set_up(console: Console, sides: Sides, limit: float) -> None:
    """Measure how fast connections are made, directly and to the pooler."""
    rounds = [
        (sides.bench.connections_per_second(sides.direct), sides.bench.connections_per_second(sides.pooled))
        for _ in range(SET_UP_ROUNDS)
    ]
    direct, pooled = (statistics.median(side) for side in zip(*rounds, strict=True))
    console.print(f"{sides.title}: connections direct {direct:.0f}/s, pooled {pooled:.0f}/s")
    ratio = statistics.median(pooled / direct for direct, pooled in rounds)
    goal(console, "set-up, pooled / direct", ratio, limit)


def goal(console: Console, what: str, ratio: float, limit: float) -> None:
    """Print a ratio beside what is promised."""
    verdict = "[green]kept[/green]" if ratio >= limit else "[red]missed[/red]"
    console.print(f"{what}: {ratio:.2f}, promised {limit:.2f}: {verdict}")


def main(console: Console | None = None) -> None:
    """Measure everything and print the tables; takes about 25 minutes."""
    console = console or Console(width=120)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * MAX_CLIENTS), hard))
    with without_tls("trust") as sides:
        sides.bench.fill(sides.direct)
        compare(console, sides, READS)
        compare(console, sides, WRITES)
        compare_set_up(console, sides, SET_UP_PLAIN)
        run = sides.bench.transact(sides.pooled, READS, min(CLIENTS), "--protocol=prepared")
        console.print(f"prepared statements through the pool: {run.tps:.0f}/s, none failed")
    with without_tls("scram-sha-256") as sides:
        sides.bench.fill(sides.direct)
        compare_set_up(console, sides, SET_UP_SCRAM)
    with platform() as sides:
        sides.bench.fill(sides.direct)
        compare_set_up(console, sides, SET_UP_PLATFORM)
        for clients in (20, 200):
            direct, pooled = (
                sides.bench.transact(target, READS, clients) for target in (sides.direct, sides.pooled)
            )
            console.print(f"platform, {clients} clients: pooled / direct {pooled.tps / direct.tps:.2f}")


if __name__ == "__main__":
    main()
