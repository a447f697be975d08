"""Runs a command and says what it cost; shared by the benchmarks that drive the built command."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Cost:
    """What one process used, with the processes it waited for."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    out: str


def run(command, env=None) -> Cost:
    """Runs a command to its end; its standard error is shown only when it fails.

    A process inherits the peak memory of the one that started it, so a small interpreter of its own starts it.
    """
    command = [str(part) for part in command]
    with tempfile.TemporaryFile("w+") as errors, tempfile.TemporaryFile("w+") as report:
        launcher = [sys.executable, "-I", "-S", __file__, str(report.fileno()), *command]
        ran = subprocess.run(
            launcher, stdout=subprocess.PIPE, stderr=errors, env=env, text=True, pass_fds=[report.fileno()]
        )
        errors.seek(0)
        report.seek(0)
        if ran.returncode != 0:
            sys.exit(f"{' '.join(command)}: ended with {ran.returncode}\n{errors.read()}")
        return Cost(**json.load(report), out=ran.stdout)


def launch(report: int, command: list) -> int:
    """Runs a command, writes what it cost to a file descriptor and returns its exit status."""
    begun = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    # ru_maxrss is in KiB on Linux, in bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    cost = {
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "wall_s": time.monotonic() - begun,
        "peak_mb": usage.ru_maxrss * unit / 1e6,
    }
    os.write(report, json.dumps(cost).encode())
    return os.waitstatus_to_exitcode(status) & 0xFF


def earmark_program(given) -> Path:
    """The release build of the command."""
    program = Path(given) if given else ROOT / "target" / "release" / "earmark"
    if not program.exists():
        sys.exit(f"{program}: not there; run `cargo build --release` first, or say where with --earmark")
    return program


def verdict(value, demand, at_least) -> str:
    """How a value stands to what is demanded."""
    met = value >= demand if at_least else value <= demand
    return f"demanded {'≥' if at_least else '≤'} {demand:g}: {'met' if met else 'MISSED'}"


def spread(values) -> str:
    """Median and range."""
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


if __name__ == "__main__":
    sys.exit(launch(int(sys.argv[1]), sys.argv[2:]))
