"""Runs a command and says what it cost; shared by the benchmarks that drive the built command."""

import os
import statistics
import subprocess
import sys
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
    """Runs a command to its end; its standard error is shown only when it fails."""
    begun = time.monotonic()
    with open(os.path.join(os.environ.get("TMPDIR", "/tmp"), f"earmark-bench-{os.getpid()}.err"), "w+b") as errors:
        os.unlink(errors.name)
        child = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, stderr=errors, env=env, text=True
        )
        out = child.stdout.read()
        child.stdout.close()
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.monotonic() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            errors.seek(0)
            sys.exit(f"{' '.join(map(str, command))}: ended with {child.returncode}\n{errors.read().decode()}")
    # ru_maxrss is in KiB on Linux, in bytes on macOS.
    unit = 1024 if sys.platform == "darwin" else 1
    return Cost(usage.ru_utime + usage.ru_stime, wall_s, usage.ru_maxrss / unit / 1024, out)


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
