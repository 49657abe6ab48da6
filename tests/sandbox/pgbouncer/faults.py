"""Faults between PgBouncer and PostgreSQL, in a private network: `python -m tests.sandbox.pgbouncer.faults <fault> <seconds>`.

Run by `run_fault` in network and mount namespaces of its own. There the primary is on 127.0.0.2 and its replica on 127.0.0.3,
both on one port, and a small DNS server leads the writer's name to one of them, as on AWS. Clients run transactions through a
PgBouncer with the platform's settings; a fault hits; two seconds later, where that is part of it, the replica is promoted
and the name moves. The seconds are those that the DNS server's answers
may be kept. Prints a `Report` as JSON.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg

from sandbox.servers.pgbouncer import PgBouncer
from sandbox.servers.ports import free_port
from tests.harness.pooled import APP, HOST, Databases, databases

PRIMARY_HOST, REPLICA_HOST = "127.0.0.2", "127.0.0.3"
WRITER = "writer.reptidex.test"
# When the name moves, counted from the fault. RDS takes longer; what is measured is what PgBouncer adds.
FLIP_SECONDS = 2.0
CLIENTS = 10
# Pause of a client between attempts to log in again.
BACK_OFF_SECONDS = 0.05
# A client that has had no success by then is stuck.
DEADLINE_SECONDS = 40.0
NAMESPACES = ["unshare", "--net", "--mount", "--propagation", "private", "--"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What clients saw. Times are in seconds from the fault.

    `flip` is when the name had moved (0 where it stays), `first_success` the first transaction after the fault that was
    begun after it and committed, `all_clients` when every client had one. `broken` transactions failed after they had begun,
    `refused` ones before; `failed_logins` counts attempts. `lost` were acknowledged and are not there; None
    where the server that they were acknowledged by is gone, so that nobody can look.
    """

    fault: str
    flip: float
    first_success: float | None
    all_clients: float | None
    broken: int
    refused: int
    failed_logins: int
    lost: int | None
    stuck: int


def run_fault(fault: str, ttl_seconds: int = 0) -> Report:
    """Let a fault happen in namespaces of its own. Raises: RuntimeError with what the run said."""
    done = subprocess.run(
        [*NAMESPACES, sys.executable, "-P", "-m", __name__, fault, str(ttl_seconds)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    if done.returncode:
        raise RuntimeError(f"{fault}: {done.stderr[-4000:]}")
    return Report(**json.loads(done.stdout))


def namespaces_allowed() -> bool:
    """Whether this machine lets us have a network of our own."""
    try:
        return subprocess.run([*NAMESPACES, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


# The private network


class NameServer:
    """Answers every question for an A record with one address, over UDP on port 53.

    The library that PgBouncer resolves names with (seen with c-ares 1.34) keeps an answer for the time that comes with it,
    whatever `dns_max_ttl` says. RDS gives its names 5 s; 0 shows what PgBouncer itself adds.
    """

    def __init__(self, address: str, ttl_seconds: int) -> None:
        self.address, self._ttl_seconds = address, ttl_seconds
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            question, client = self._socket.recvfrom(512)
            end = question.index(b"\0", 12) + 5
            is_address = question[end - 4 : end - 2] == b"\0\1"
            header = question[:2] + struct.pack(">HHHHH", 0x8580, 1, int(is_address), 0, 0)
            # The name by a pointer to the question, type A, class IN, its time, 4 bytes.
            answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, self._ttl_seconds, 4)
            answer += socket.inet_aton(self.address)
            self._socket.sendto(header + question[12:end] + answer * is_address, client)


def command(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


def silence(host: str) -> None:
    """Drop every packet from and to a host without a word, as when its machine loses power."""
    command("sysctl", "-qw", "net.ipv4.conf.lo.disable_policy=0")
    for direction in ("src", "dst"):
        command("ip", "xfrm", "policy", "add", "dir", "in", direction, f"{host}/32", "action", "block")


def reset_connections(host: str, port: int) -> None:
    """Close every connection to a server abruptly, as a stateful device does that has forgotten them."""
    command("ss", "--kill", "--tcp", "state", "established", "dst", host, "dport", "=", str(port))


# The clients


class Client(threading.Thread):
    """Runs transactions one after the other until told to end, and writes down how each went."""

    def __init__(self, name: str, conninfo: str, ended: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._conninfo, self._ended = conninfo, ended
        self.began_at: dict[int, float] = {}
        self.committed_at: dict[int, float] = {}
        self.failures: list[tuple[float, str]] = []
        self.last_server = ""

    def run(self) -> None:
        number = 0
        connection: psycopg.Connection[Any] | None = None
        while not self._ended.is_set():
            if connection is None or connection.closed:
                connection = self._log_in()
                continue
            number += 1
            self._transaction(connection, number)
        if connection:
            connection.close()

    def _log_in(self) -> psycopg.Connection[Any] | None:
        try:
            return psycopg.connect(self._conninfo, autocommit=True)
        except psycopg.OperationalError:
            self.failures.append((time.monotonic(), "login"))
            self._ended.wait(BACK_OFF_SECONDS)
            return None

    def _transaction(self, connection: psycopg.Connection[Any], number: int) -> None:
        self.began_at[number] = time.monotonic()
        stage = "refused"
        try:
            connection.execute("begin")
            stage = "broken"
            row = connection.execute(
                "insert into seen values (%s, %s) returning host(inet_server_addr())", (self.name, number)
            ).fetchone()
            connection.execute("commit")
        except psycopg.Error:
            self.failures.append((time.monotonic(), stage))
            connection.close()
            return
        self.committed_at[number] = time.monotonic()
        self.last_server = row[0] if row else ""

    def first_after(self, moment: float) -> float | None:
        """When the first transaction was committed that began after `moment`."""
        times = [at for number, at in list(self.committed_at.items()) if self.began_at[number] > moment]
        return min(times, default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What a fault has to work with."""

    databases: Databases
    poolers: tuple[PgBouncer, ...]
    names: NameServer
    clients: tuple[Client, ...]


# The faults: what strikes, and what happens then. The second returns when the name had moved, in seconds from the strike


def kill(scene: Scene) -> None:
    """The primary's processes are killed; its machine goes on and refuses connections."""
    scene.databases.primary.crash()


def cut(_scene: Scene) -> None:
    """The primary's machine is gone: nothing answers any more, and nothing says so."""
    silence(PRIMARY_HOST)


def reset(scene: Scene) -> None:
    """Every connection to the primary is reset; the primary is well."""
    reset_connections(PRIMARY_HOST, scene.databases.primary.port)


def stop_primary(scene: Scene) -> None:
    """The primary is stopped in order, as in a failover that an operator asks for."""
    scene.databases.primary.stop("fast")


def stop_pooler(scene: Scene) -> None:
    """One of two poolers is stopped as ECS stops a task, by the signal of its image."""
    scene.poolers[0].stop("wait_for_servers")


def nothing(_scene: Scene, _struck_at: float = 0.0) -> float:
    """All stays as it is."""
    return 0.0


def flip(scene: Scene, struck_at: float) -> float:
    """The replica is promoted and the name leads to it."""
    scene.databases.replica.promote()
    time.sleep(max(0.0, struck_at + FLIP_SECONDS - time.monotonic()))
    scene.names.address = REPLICA_HOST
    return time.monotonic() - struck_at


def flip_and_reconnect(scene: Scene, struck_at: float) -> float:
    """Likewise, while the old primary goes on: only RECONNECT takes open connections along."""
    flipped = flip(scene, struck_at)
    scene.poolers[0].console("RECONNECT")
    return flipped


FAULTS: dict[str, tuple[Callable[[Scene], object], Callable[[Scene, float], float]]] = {
    "killed": (kill, flip),
    "silent": (cut, flip),
    "reset": (reset, nothing),
    "failover": (stop_primary, flip),
    "moved": (nothing, flip_and_reconnect),
    "stopped": (stop_pooler, nothing),
}


# The run


@contextmanager
def scene(pooler_count: int, ttl_seconds: int, ended: threading.Event) -> Iterator[Scene]:
    """Databases, poolers and clients in the private network, with every client at work."""
    command("ip", "link", "set", "lo", "up")
    names = NameServer(PRIMARY_HOST, ttl_seconds)
    with ExitStack() as stack:
        resolv_conf = stack.enter_context(tempfile.NamedTemporaryFile("w"))
        resolv_conf.write(f"nameserver {HOST}\n")
        resolv_conf.flush()
        Path(resolv_conf.name).chmod(0o644)
        command("mount", "--bind", resolv_conf.name, "/etc/resolv.conf")
        running = stack.enter_context(
            databases(primary_host=PRIMARY_HOST, replica_host=REPLICA_HOST, port=free_port(), names=(WRITER,))
        )
        with running.primary.connect(dbname="reptidex") as connection:
            connection.execute(
                f"create table seen (client text, number int); alter table seen owner to {APP}"
            )
        poolers = tuple(stack.enter_context(running.pooler(writer_host=WRITER)) for _ in range(pooler_count))
        conninfo = psycopg.conninfo.make_conninfo(
            **running.login(APP),
            dbname="reptidex",
            host=",".join(pooler.host for pooler in poolers),
            port=",".join(str(pooler.port) for pooler in poolers),
            load_balance_hosts="random",
            connect_timeout=5,
        )
        clients = tuple(Client(f"client-{number}", conninfo, ended) for number in range(CLIENTS))
        for client in clients:
            client.start()
        # Until the pool is as large as it gets: a connection that is just being opened fares differently.
        wait_for(lambda: all(len(client.committed_at) > 200 for client in clients))
        try:
            yield Scene(databases=running, poolers=poolers, names=names, clients=clients)
        finally:
            ended.set()


def wait_for(condition: Callable[[], bool]) -> bool:
    """Whether a condition comes true before the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def measure(fault: str, ttl_seconds: int) -> Report:
    """Let a fault happen and watch the clients until each has been served again."""
    ended = threading.Event()
    with scene(2 if fault == "stopped" else 1, ttl_seconds, ended) as stage:
        strike, aftermath = FAULTS[fault]
        began_at = time.monotonic()
        strike(stage)
        struck_at = time.monotonic()
        flipped = aftermath(stage, struck_at)

        def served(client: Client) -> bool:
            if fault == "moved":
                return client.last_server == REPLICA_HOST
            return client.first_after(struck_at) is not None

        wait_for(lambda: all(map(served, stage.clients)))
        if fault == "moved":
            successes = [time.monotonic() - struck_at for client in stage.clients if served(client)]
        else:
            successes = [at - struck_at for client in stage.clients if (at := client.first_after(struck_at))]
        ended.set()
        for client in stage.clients:
            client.join(DEADLINE_SECONDS)
        counted = Counter(kind for client in stage.clients for at, kind in client.failures if at > began_at)
        return Report(
            fault=fault,
            flip=round(flipped, 2),
            first_success=round(min(successes), 2) if successes else None,
            all_clients=round(max(successes), 2) if len(successes) == CLIENTS else None,
            broken=counted["broken"],
            refused=counted["refused"],
            failed_logins=counted["login"],
            lost=lost(stage) if fault in ("reset", "stopped") else None,
            stuck=CLIENTS - len(successes),
        )


def lost(stage: Scene) -> int:
    """Transactions that a client was told are committed, and that the primary does not have."""
    with stage.databases.primary.connect(dbname="reptidex") as connection:
        there = set(connection.execute("select client, number from seen").fetchall())
    told = {(client.name, number) for client in stage.clients for number in client.committed_at}
    return len(told - there)


if __name__ == "__main__":
    print(json.dumps(asdict(measure(sys.argv[1], int(sys.argv[2])))))
