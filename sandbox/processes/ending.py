"""The end of one process that we did not start, or did not start as a child."""

import signal

import psutil


def end(process: psutil.Process, number: signal.Signals, grace_seconds: float) -> None:
    """End a process and wait until it is gone: a signal, and after the grace a kill."""
    try:
        process.send_signal(number)
        process.wait(grace_seconds)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        process.kill()
        process.wait()
