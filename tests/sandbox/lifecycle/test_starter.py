"""The end of a starter as a process of ours sees it, with the test as the starter.

Proves when a process acts on the end of its standard input, and when it does not. Does not prove what the emulated
account, the language host, the provider plugins and the remover of a server's folder do then; their own tests do.
"""

import subprocess
import sys

import pytest

WAITS = """\
import sys
from sandbox.processes.starter import wait_for_end_of_starter
print(wait_for_end_of_starter(), repr(sys.stdin.read()))
"""
ACTS = """\
import os, threading
from sandbox.processes.starter import on_end_of_starter
on_end_of_starter(lambda: os._exit(7), unless=b"stay\\n")
threading.Event().wait(2)
"""


def run(program: str, written: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run a program whose standard input is a pipe that is closed when `written` is in it."""
    return subprocess.run(
        [sys.executable, "-P", "-c", program], input=written, capture_output=True, check=False
    )


def test_a_process_that_waits_gets_what_was_written_and_reads_nothing_more() -> None:
    assert run(WAITS, b"one\ntwo").stdout == b"b'one\\ntwo' ''\n"


@pytest.mark.parametrize("written", [b"", b"sta", b"stay\nnot"])
def test_a_process_acts_when_its_starter_ends_without_the_word(written: bytes) -> None:
    assert run(ACTS, written).returncode == 7


def test_a_process_stays_when_its_starter_said_so() -> None:
    assert run(ACTS, b"stay\n").returncode == 0
