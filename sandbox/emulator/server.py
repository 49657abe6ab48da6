"""The emulated account as one server process on a port of its own."""

import importlib
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Flask
from moto import __version__ as moto_version
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from sandbox.emulator import STAY
from sandbox.emulator.call_list import UnknownCalls
from sandbox.emulator.repeated_calls import answer_repeats_alike
from sandbox.emulator.unknown_calls import Application, Environ, StartResponse, refuse_unknown_calls
from sandbox.processes.records import ProcessRecord
from sandbox.processes.starter import on_end_of_starter

# Every extension replaces or adds methods of moto's own classes, and was written against exactly this version.
MOTO_VERSION = "5.2.5"
EXTENDED_SERVICES = (
    "applicationautoscaling",
    "awslambda",
    "backup",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "ecs",
    "elasticache",
    "logs",
    "memorydb",
    "rds",
    "route53",
    "s3",
    "secretsmanager",
)


def serve(directory: Path) -> None:
    """Run the emulated account until told to end.

    `directory` gets `process.json`, written when the server answers, and `unknown-calls.jsonl`. The port goes to
    standard output, one line. Standard input is a pipe of the starter's: should it end without the word "stay", the
    starter has died before it could tell anyone of us, and so do we.
    """
    if moto_version != MOTO_VERSION:
        raise SystemExit(f"the emulator extends moto {MOTO_VERSION}, and {moto_version} is installed")
    calls = UnknownCalls(directory / "unknown-calls.jsonl")
    application = refuse_unknown_calls(DomainDispatcherApplication(_create_service), calls)
    application = _one_at_a_time(answer_repeats_alike(application))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    os.environ["MOTO_PORT"] = str(server.server_port)  # moto puts it into the URLs it returns

    on_end_of_starter(lambda: os._exit(1), unless=STAY)
    ProcessRecord(pid=os.getpid(), port=server.server_port).hold(directory / "process.json")
    print(server.server_port, flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nobody reads standard output after the port
    server.serve_forever()


def _one_at_a_time(application: Application) -> Application:
    """Wrap `application` so that no call sees another one half done: moto's models know nothing of threads."""
    turn = threading.Lock()

    def wrapped(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        with turn:
            return application(environ, start_response)

    return wrapped


def _create_service(name: Any) -> Flask:
    """The part of moto that answers for one service, made when the first call for it comes."""
    if name is None:
        raise NotImplementedError("the emulator has no such service")
    if name in EXTENDED_SERVICES:
        # Only now: importing moto's larger services takes seconds, which nobody should wait for in vain.
        importlib.import_module(f"sandbox.emulator.{name}").install()
    return create_backend_app(name)
