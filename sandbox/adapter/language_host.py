"""The Python language host of the sandbox: what the engine starts as `pulumi-language-python`.

The released Pulumi CLI ships its own language host, written in Go. That one is not published as a Go module, so
a CLI built from modules comes without it. This file fills the gap: a small gRPC server that speaks the engine's
LanguageRuntime protocol and runs the program in this very interpreter.

Called by the engine as `pulumi-language-python [flags] <engine address>`; prints the port it listens on and serves
until the engine ends it. Should the engine die without doing so, this process ends itself.
"""

# ruff: noqa: D102, ARG002 - the methods of LanguageHost are the engine's protocol, which names and documents them

import asyncio
import json
import logging
import os
import queue
import re
import runpy
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent import futures
from importlib import metadata
from pathlib import Path
from typing import IO, Any, cast

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import Settings, configure, run_in_stack, set_all_config
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from sandbox.adapter import UNLIMITED_MESSAGES
from sandbox.processes.leash import start_leashed
from sandbox.processes.starter import on_end_of_starter

# The engine asks for several things at once (a program and each policy pack hold one thread for as long as they run).
SERVER_THREADS = 16
# Threads of the program's event loop per operation the engine may run in parallel; what Pulumi's own host uses.
THREADS_PER_PARALLEL_OPERATION = 4


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine. A program is handed to the main thread, where Python code expects to run."""

    def __init__(self) -> None:
        self.programs: queue.SimpleQueue[
            tuple[language_pb2.RunRequest, futures.Future[language_pb2.RunResponse]]
        ] = queue.SimpleQueue()

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def About(
        self, request: language_pb2.AboutRequest, context: grpc.ServicerContext
    ) -> language_pb2.AboutResponse:
        return language_pb2.AboutResponse(
            executable=sys.executable, version=".".join(map(str, sys.version_info[:3]))
        )

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        packages = [
            plugin_pb2.PackageDependency(kind="resource", **manifest) for manifest in plugin_manifests()
        ]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def GetRequiredPlugins(
        self, request: language_pb2.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        plugins = [
            plugin_pb2.PluginDependency(kind="resource", **manifest) for manifest in plugin_manifests()
        ]
        return language_pb2.GetRequiredPluginsResponse(plugins=plugins)

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        distributions = {_normalized(d.name): d for d in metadata.distributions()}
        wanted = set(distributions)
        if not request.transitiveDependencies:
            wanted -= {
                _normalized(requirement) for d in distributions.values() for requirement in d.requires or []
            }
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(
                    name=distributions[name].name, version=distributions[name].version
                )
                for name in sorted(wanted)
            ]
        )

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        message = f"the sandbox runs programs with {sys.executable} as it is; nothing was installed\n"
        yield language_pb2.InstallDependenciesResponse(stdout=message.encode())

    def RuntimeOptionsPrompts(
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        return language_pb2.RuntimeOptionsResponse()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()  # the engine closes its resource monitor, and the program ends on that

    def Run(
        self, request: language_pb2.RunRequest, context: grpc.ServicerContext
    ) -> language_pb2.RunResponse:
        response: futures.Future[language_pb2.RunResponse] = futures.Future()
        self.programs.put((request, response))
        return response.result()

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a policy pack until it ends, or until the engine drops the call, and pass its output on."""
        if request.kind != "analyzer":
            context.abort(
                grpc.StatusCode.UNIMPLEMENTED,
                f"the sandbox's language host runs policy packs only, not a {request.kind} plugin",
            )
        pack = [sys.executable, "-u", "-m", "pulumi.policy", *request.args, request.info.program_directory]
        process = start_leashed(
            pack,
            cwd=request.info.program_directory,
            env={**os.environ, **dict(pair.split("=", 1) for pair in request.env)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        context.add_callback(process.terminate)
        output: queue.SimpleQueue[language_pb2.RunPluginResponse | None] = queue.SimpleQueue()
        readers = [
            _forward(
                cast("IO[bytes]", process.stdout),
                lambda text: output.put(language_pb2.RunPluginResponse(stdout=text)),
            ),
            _forward(
                cast("IO[bytes]", process.stderr),
                lambda text: output.put(language_pb2.RunPluginResponse(stderr=text)),
            ),
        ]

        def finish() -> None:
            for reader in readers:
                reader.join()
            output.put(None)

        threading.Thread(target=finish, daemon=True).start()
        yield from iter(output.get, None)
        yield language_pb2.RunPluginResponse(exitcode=process.wait())


def _forward(stream: IO[bytes], deliver: Callable[[bytes], None]) -> threading.Thread:
    def read() -> None:
        for line in stream:
            deliver(line)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _normalized(requirement: str) -> str:
    """`Pulumi_AWS>=7; extra == "x"` -> `pulumi-aws`, so that names and requirements compare."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", name.group() if name else "").lower()


def plugin_manifests() -> list[dict[str, Any]]:
    """Name, version and server of the provider plugin that each installed Pulumi SDK asks for."""
    manifests = []
    for distribution in metadata.distributions():
        name = distribution.name.lower()
        if not name.startswith("pulumi"):
            continue
        manifest = distribution.locate_file(f"{name.replace('-', '_')}/pulumi-plugin.json")
        if isinstance(manifest, Path) and manifest.is_file():
            found = json.loads(manifest.read_text())
            if found.get("resource"):
                manifests.append({key: found[key] for key in ("name", "version", "server") if key in found})
    return manifests


def run_program(request: language_pb2.RunRequest, engine_address: str) -> language_pb2.RunResponse:
    """Run the Pulumi program the engine asks for, in this thread.

    Whatever goes wrong has been logged to the engine when this returns; `bail` tells it to add nothing.
    """
    directory = Path(request.info.program_directory or request.pwd)
    program = (directory / (request.info.entry_point or ".")).resolve()
    configure(
        Settings(
            project=request.project,
            stack=request.stack,
            parallel=request.parallel,
            engine=engine_address,
            monitor=request.monitor_address,
            dry_run=request.dryRun,
            organization=request.organization or "organization",
            root_directory=request.info.root_directory or str(directory),
        )
    )
    set_all_config(dict(request.config), list(request.configSecretKeys))
    sys.argv = [str(program), *request.args]
    os.chdir(request.pwd or directory)

    error = _failure(program, max(request.parallel, 1) * THREADS_PER_PARALLEL_OPERATION)
    sys.stdout.flush()
    sys.stderr.flush()
    if error is None:
        return language_pb2.RunResponse()
    if error:
        pulumi.log.error(error)
    return language_pb2.RunResponse(bail=True)


def _failure(program: Path, threads: int) -> str | None:
    """Run `program`; None when it succeeded, else what to tell its author ("" when there is nothing to add)."""

    def run() -> None:
        main = program / "__main__.py" if program.is_dir() else program
        if not main.is_file():
            raise pulumi.RunError(
                f"no Pulumi program at {main}: set `main` in Pulumi.yaml to the folder that holds __main__.py"
            )
        runpy.run_path(str(program), run_name="__main__")

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(futures.ThreadPoolExecutor(max_workers=threads))
    try:
        loop.run_until_complete(run_in_stack(run))
    except pulumi.RunError as error:
        return str(error)
    except grpc.RpcError as error:
        if error.code() == grpc.StatusCode.UNAVAILABLE:
            return ""  # the engine is shutting its resource monitor down, and has said why itself
        return f"the engine refused a call: {error.details()}"
    except SystemExit as error:
        return None if error.code in (None, 0) else f"the program ended itself: exit status {error.code}"
    except Exception as error:  # noqa: BLE001 - a program may raise anything
        return "the program failed with an unhandled exception:\n" + _trace_from(program, error)
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    return None


def _trace_from(program: Path, error: Exception) -> str:
    """The trace of `error` without the frames of this host and of the SDK that come before the program's own."""
    frames = error.__traceback__
    while frames and not Path(frames.tb_frame.f_code.co_filename).is_relative_to(program):
        frames = frames.tb_next
    return "".join(traceback.format_exception(error.with_traceback(frames or error.__traceback__)))


def main() -> None:
    """Serve the engine whose address is the last argument."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the engine's way of ending a plugin; nothing to clean up
    on_end_of_starter(lambda: os._exit(1))  # a killed engine cannot end us itself
    # Pulumi programs leave tasks behind when a resource fails; asyncio's complaints about them help nobody.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    host = LanguageHost()
    server = grpc.server(futures.ThreadPoolExecutor(SERVER_THREADS), options=UNLIMITED_MESSAGES)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)

    engine_address = sys.argv[-1]
    while True:
        request, response = host.programs.get()
        try:
            response.set_result(run_program(request, engine_address))
        except BaseException as error:  # noqa: BLE001 - the engine waits for an answer, whatever it is
            response.set_exception(error)


if __name__ == "__main__":
    main()
