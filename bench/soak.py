"""10,000 targets of which 1 % flap: what the store holds afterwards, against what was really done.

Runs as root, in a network namespace of its own: a firewall drops the echo requests of what is down.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from common import Json, table, write_json


def main(arguments: Sequence[str]) -> None:
    """Soak for a minute, or an hour."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--hour", action="store_true", help="soak for an hour")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="1,000 targets for 40 s")
    parser.add_argument("--json", metavar="FILE", help="write what was measured")
    asked = parser.parse_args(arguments)
    size = 1000 if asked.quick else asked.targets
    seconds = 3600 if asked.hour else 40 if asked.quick else asked.seconds
    told = _soak(size, seconds, asked.seed)
    print(table(("what", "value"), told.items()))
    write_json(asked.json, told)
    if not told["exact"]:
        raise SystemExit("the intervals differ from the truth")


def _soak(size: int, seconds: int, seed: int) -> Json:
    import json

    command = [
        sys.executable,
        "bench/monitor_worker.py",
        "--worker",
        "soak",
        str(size),
        str(seconds),
        str(seed),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    told: Json = json.loads(done.stdout.splitlines()[-1])
    return told


if __name__ == "__main__":
    main(sys.argv[1:])
