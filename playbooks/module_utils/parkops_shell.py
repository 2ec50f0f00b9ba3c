"""Run programs on a node without waiting for the daemons that they leave behind."""

from __future__ import annotations

import subprocess
import tempfile

TIMEOUT_S = 60


class Failure(Exception):  # it becomes the text of a failed task
    """Something on the node did not work; its text says what."""


def run(*command, check=True, text=None, timeout_s=TIMEOUT_S):
    """Run a program and return what it printed; Failure when it fails and ``check`` is set.

    Its output goes to a file: a daemon that inherits a pipe would keep it open for ever.
    """
    code, output = attempt(*command, text=text, timeout_s=timeout_s)
    if check and code:
        raise Failure(f"{' '.join(command)}: {' '.join(output.split()) or f'exit code {code}'}")
    return output


def attempt(*command, text=None, timeout_s=TIMEOUT_S):
    """Run a program and return its exit code and what it printed."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as given:
        given.write((text or "").encode())
        given.seek(0)
        try:
            done = subprocess.run(
                command, stdin=given, stdout=output, stderr=subprocess.STDOUT, timeout=timeout_s, check=False
            )
        except FileNotFoundError:
            return 127, f"{command[0]} is not installed"
        except subprocess.TimeoutExpired:
            return 124, f"no end within {timeout_s} s"
        output.seek(0)
        return done.returncode, output.read().decode("utf-8", "replace")
