"""What the command costs on large libraries: a second `index` run over 20,000 unchanged files, `find` among 100,000.

The library of 100,000 sounds is the one that `cargo bench --bench large_library` has made. Needs nothing but Python.

unchanged  200 different sounds of 0.1 s are indexed, then 99 copies of each, which are known by their content and not
           embedded again; then the run that is measured: nothing has changed.
find       the same question to the large library and to one of 20 sounds, alternating: the difference is what searching
           the large one costs beyond starting, decoding and embedding. Once more with the library's files dropped from
           the page cache before each question (Linux).
"""

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import wave
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from measure import ROOT, earmark_program, run, spread, verdict  # noqa: E402

ORIGINALS = 200
# Long ago, so that times are not in doubt; different for every file.
MODIFIED_S = 1_600_000_000


def write_noise(path: Path, length_s: float, seed: int, rate_hz: int = 44_100) -> None:
    """Seeded noise at a quarter of full scale, 16 bit mono."""
    chance = random.Random(seed)
    data = bytearray(chance.randbytes(2 * int(length_s * rate_hz)))
    for at in range(1, len(data), 2):
        data[at] = (data[at] & 0x1F) if data[at] < 0x80 else (data[at] | 0xE0)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(bytes(data))


def index(earmark: Path, folder: Path, library: Path):
    cost = run([earmark, "--quiet", "index", folder, "--library", library, "--json"])
    return cost, json.loads(cost.out)


def unchanged(earmark: Path, work: Path, files: int, rounds: int) -> None:
    print(f"## A run over {files:,} unchanged files")
    sounds, library = work / "sounds", work / "library"
    for number in range(files):
        folder = sounds / f"Reel {number % ORIGINALS:03}"
        path = folder / f"WHSH_Short Noise Burst {number:05}_EMRK_BENCH.wav"
        if number < ORIGINALS:
            folder.mkdir(parents=True)
            # Lengths differ by a sample, as sizes of real files do.
            write_noise(path, 0.1 + number / 44_100, number)
        else:
            original = folder / f"WHSH_Short Noise Burst {number % ORIGINALS:05}_EMRK_BENCH.wav"
            shutil.copyfile(original, path)
        os.utime(path, (MODIFIED_S + number, MODIFIED_S + number))
        if number == ORIGINALS - 1:
            cost, done = index(earmark, sounds, library)
            print(f"{done['new']} sounds embedded in {cost.wall_s:.1f} s", flush=True)
    cost, done = index(earmark, sounds, library)
    print(f"{done['copied']} copies taken in in {cost.wall_s:.1f} s", flush=True)
    walls = []
    for _ in range(rounds):
        cost, done = index(earmark, sounds, library)
        assert done["unchanged"] == files and done["new"] == 0, done
        walls.append(cost.wall_s)
        print(f"  {cost.wall_s:.3f} s, {cost.cpu_s:.3f} CPU s, {cost.peak_mb:.0f} MB", flush=True)
    print(f"nothing changed: {spread(walls)} s  ({verdict(statistics.median(walls), 2, False)})")


def drop_from_cache(folder: Path) -> None:
    """Asks the system to forget a folder's clean pages."""
    for path in folder.iterdir():
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def find(earmark: Path, work: Path, large: Path, rounds: int) -> None:
    print("\n## `find` among 100,000 sounds, beyond starting, decoding and embedding")
    sounds, small = work / "few", work / "small"
    sounds.mkdir()
    for number in range(20):
        write_noise(sounds / f"noise{number:02}.wav", 0.1, number)
    index(earmark, sounds, small)
    for length_s in (2, 5, 40):
        question = work / f"question{length_s}.wav"
        write_noise(question, length_s, 1_000 + length_s)

        def ask(library):
            cost = run([earmark, "--quiet", "find", question, "--library", library, "--json"])
            assert json.loads(cost.out), "no answer"
            return cost

        for library in (small, large):
            ask(library)
        times_s = {"small": [], "large": [], "cold": []}
        for _ in range(rounds):
            times_s["small"].append(ask(small).wall_s)
            times_s["large"].append(ask(large).wall_s)
            if hasattr(os, "posix_fadvise"):
                drop_from_cache(large)
                times_s["cold"].append(ask(large).wall_s)
        median_ms = {side: 1000 * statistics.median(times) for side, times in times_s.items() if times}
        beyond_ms = median_ms["large"] - median_ms["small"]
        print(
            f"{length_s:2} s asked about: {median_ms['large']:.0f} ms, {median_ms['small']:.0f} ms in the small library: "
            f"{beyond_ms:.0f} ms beyond  ({verdict(beyond_ms, 200, False)})"
        )
        if "cold" in median_ms:
            beyond_ms = median_ms["cold"] - median_ms["small"]
            print(f"    not in the page cache: {median_ms['cold']:.0f} ms, {beyond_ms:.0f} ms beyond", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--earmark", help="the command [default: target/release/earmark]")
    parser.add_argument("--large", type=Path, default=ROOT / "target" / "tmp" / "large-demo")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=11)
    args = parser.parse_args()
    earmark = earmark_program(args.earmark)
    with tempfile.TemporaryDirectory(prefix="earmark-bench-") as temporary:
        work = Path(temporary)
        unchanged(earmark, work, args.files, args.rounds)
        if args.large.exists():
            find(earmark, work, args.large, args.rounds)
        else:
            print(f"\n{args.large}: not there; `cargo bench --bench large_library` makes it", file=sys.stderr)


if __name__ == "__main__":
    main()
