"""Compares `earmark index` with the original aisfx pipeline on the same folder of WAV files, in one run.

Run it with the Python that has aisfx (see README.md beside this file). It measures

speed   audio seconds per CPU second of both, alternating, three rounds; CPU seconds are user and system time of the
        whole process. Starting (imports, loading the model) is in the first figure; the second leaves it out for both
        alike, by taking off what the same command needs for a folder with one clip.
jobs    throughput of two jobs against one, by the clock.
memory  peak resident memory with two jobs, for short clips and for long files.
"""

import argparse
import json
import os
import shutil
import statistics
import struct
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from measure import earmark_program, run, spread, verdict  # noqa: E402

CLIP_S = 5
# Rate in Hz, bits; stereo all. Half of the clips each.
FORMATS = [(48_000, 24), (44_100, 16)]
ONE_THREAD = dict(os.environ, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
MAX_RIFF_BYTES = 0xFFFF_FFFF


def wav_header(rate_hz: int, bits: int, channels: int, data_bytes: int) -> bytes:
    """Header of a WAV file, or of RF64 (EBU Tech 3306) where 32 bits do not hold the size."""
    block = channels * bits // 8
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate_hz, rate_hz * block, block, bits)
    if data_bytes + 36 <= MAX_RIFF_BYTES:
        return struct.pack("<4sI4s", b"RIFF", data_bytes + 36, b"WAVE") + fmt + struct.pack("<4sI", b"data", data_bytes)
    ds64 = struct.pack("<4sIQQQI", b"ds64", 28, data_bytes + 72, data_bytes, data_bytes // block, 0)
    head = struct.pack("<4sI4s", b"RF64", MAX_RIFF_BYTES, b"WAVE")
    return head + ds64 + fmt + struct.pack("<4sI", b"data", MAX_RIFF_BYTES)


def write_wav(path: Path, samples: np.ndarray, rate_hz: int, bits: int) -> None:
    """Writes samples [samples per channel, channels] in -1 to 1."""
    whole = np.clip(np.round(samples * (1 << bits - 1)), -(1 << bits - 1), (1 << bits - 1) - 1).astype("<i4")
    data = whole.reshape(-1, 1).view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes()
    path.write_bytes(wav_header(rate_hz, bits, samples.shape[1], len(data)) + data)


def write_silence(path: Path, length_s: int, rate_hz: int = 48_000, bits: int = 24, channels: int = 2) -> None:
    """A sparse file: silence costs the network as much as any sound."""
    data_bytes = length_s * rate_hz * channels * bits // 8
    header = wav_header(rate_hz, bits, channels, data_bytes)
    with open(path, "wb") as file:
        file.write(header)
        file.truncate(len(header) + data_bytes)


def source_audio(folder: Path) -> np.ndarray:
    """All sounds of a folder in a row, [samples, 2], as they are: what rate they had changes no cost."""
    from essentia.standard import AudioLoader

    parts = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".wav", ".flac", ".ogg", ".aif", ".aiff"):
            try:
                parts.append(AudioLoader(filename=str(path))()[0])
            except RuntimeError as error:
                print(f"{path.name}: not used ({str(error).splitlines()[0]})", file=sys.stderr)
    return np.concatenate(parts)


def write_clips(folder: Path, count: int, audio: np.ndarray) -> None:
    """Clips of five seconds, cut one after another, round and round."""
    folder.mkdir(parents=True)
    at = 0
    for number in range(count):
        rate_hz, bits = FORMATS[number % len(FORMATS)]
        length = CLIP_S * rate_hz
        samples = audio[np.arange(at, at + length) % len(audio)]
        write_wav(folder / f"clip{number:04}.wav", samples, rate_hz, bits)
        at += length


class Runner:
    """Runs both sides on a folder, each time from nothing."""

    def __init__(self, earmark: Path, work: Path):
        self.earmark, self.work = earmark, work

    def original(self, folder: Path):
        export = self.work / "export"
        shutil.rmtree(export, ignore_errors=True)
        cost = run([sys.executable, Path(__file__).with_name("original.py"), folder, export], env=ONE_THREAD)
        frames = sum(np.load(path).shape[0] for path in export.iterdir())
        return cost, frames

    def index(self, folder: Path, jobs: int):
        library = self.work / "library"
        shutil.rmtree(library, ignore_errors=True)
        cost = run([self.earmark, "--quiet", "index", folder, "--library", library, "--jobs", jobs, "--json"])
        frames = json.loads(run([self.earmark, "info", "--library", library, "--json"]).out)["frames"]
        return cost, frames


def compare_speed(runner: Runner, clips: Path, one: Path, count: int, rounds: int) -> None:
    audio_s = CLIP_S * count
    whole, steady = [], []
    print(f"\n## Speed: {count} clips of {CLIP_S} s, {audio_s} s of audio, one thread each")
    for number in range(rounds):
        sides = {}
        order = ["original", "earmark"] if number % 2 == 0 else ["earmark", "original"]
        for side in order:
            go = runner.original if side == "original" else lambda folder: runner.index(folder, 1)
            (all_cost, frames), (one_cost, _) = go(clips), go(one)
            rates = audio_s / all_cost.cpu_s, (audio_s - CLIP_S) / (all_cost.cpu_s - one_cost.cpu_s)
            sides[side] = rates
            print(
                f"round {number + 1}  {side:<8}  {frames} frames  {all_cost.cpu_s:6.2f} CPU s "
                f"({one_cost.cpu_s:5.2f} for one clip)  {rates[0]:6.2f} audio s / CPU s, {rates[1]:6.2f} without the start",
                flush=True,
            )
        whole.append(sides["earmark"][0] / sides["original"][0])
        steady.append(sides["earmark"][1] / sides["original"][1])
    print(f"ratio, start included: {spread(whole)}  ({verdict(statistics.median(whole), 1.5, True)})")
    print(f"ratio, start left out: {spread(steady)}  ({verdict(statistics.median(steady), 1.5, True)})")


def compare_embeddings(runner: Runner, clips: Path) -> None:
    """That both sides do the same work: cosine of their embeddings, frame by frame."""
    runner.original(clips)
    export, ours = runner.work / "export", runner.work / "ours"
    shutil.rmtree(ours, ignore_errors=True)
    run([runner.earmark, "--quiet", "embed", *sorted(clips.iterdir()), "-o", ours])
    cosines = []
    for path in sorted(export.iterdir()):
        a, b = np.load(path).astype(float), np.load(ours / path.name).astype(float)
        assert a.shape == b.shape, f"{path.name}: {a.shape} frames of the original, {b.shape} of earmark"
        cosines.extend((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1))
    print(f"cosine between the two sides' embeddings, {len(cosines)} frames: lowest {min(cosines):.6f}")


def compare_jobs(runner: Runner, clips: Path, count: int, rounds: int) -> None:
    print(f"\n## Two jobs against one: {count} clips, wall clock of the whole command")
    ratios = []
    for number in range(rounds):
        order = [1, 2] if number % 2 == 0 else [2, 1]
        wall_s = {jobs: runner.index(clips, jobs)[0].wall_s for jobs in order}
        ratios.append(wall_s[1] / wall_s[2])
        print(
            f"round {number + 1}  one job {wall_s[1]:6.2f} s  two jobs {wall_s[2]:6.2f} s  {ratios[-1]:.2f}×", flush=True
        )
    print(f"throughput: {spread(ratios)}×  ({verdict(statistics.median(ratios), 1.8, True)})")


def compare_memory(runner: Runner, clips: Path, count: int, long_s: list, long_files: int) -> None:
    print("\n## Peak resident memory, two jobs")
    cost, _ = runner.index(clips, 2)
    print(f"{count} files of {CLIP_S} s: {cost.peak_mb:.1f} MB  ({verdict(cost.peak_mb, 250, False)})", flush=True)
    for length_s in long_s:
        folder = runner.work / f"long{length_s}"
        shutil.copytree(clips, folder)
        for number in range(long_files):
            # Named so that they come first, with the clips beside them.
            write_silence(folder / f"a long one {number}.wav", length_s + number)
        cost, frames = runner.index(folder, 2)
        print(
            f"{long_files} of {length_s / 60:g} min with the {count}: {cost.peak_mb:.1f} MB  ({verdict(cost.peak_mb, 250, False)})  "
            f"{frames} frames, {cost.cpu_s:.0f} CPU s, {cost.wall_s:.0f} s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--earmark", help="the command [default: target/release/earmark]")
    parser.add_argument("--sounds", type=Path, help="folder to cut the clips from [default: the demo library]")
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long-s", type=int, nargs="*", default=[1200], help="lengths of the long files, s")
    parser.add_argument("--long-files", type=int, default=2, help="long files of each length")
    parser.add_argument("--only", nargs="*", choices=["speed", "jobs", "memory"], default=["speed", "jobs", "memory"])
    args = parser.parse_args()
    earmark = earmark_program(args.earmark)
    with tempfile.TemporaryDirectory(prefix="earmark-bench-") as temporary:
        work = Path(temporary)
        sounds = args.sounds
        if sounds is None:
            sounds = work / "demo"
            run([earmark, "--quiet", "demo", sounds])
        audio = source_audio(sounds)
        write_clips(work / "clips", args.clips, audio)
        write_clips(work / "one", 1, audio)
        runner = Runner(earmark, work)
        if "speed" in args.only:
            write_clips(work / "few", 8, audio)
            compare_embeddings(runner, work / "few")
            compare_speed(runner, work / "clips", work / "one", args.clips, args.rounds)
        if "jobs" in args.only:
            compare_jobs(runner, work / "clips", args.clips, args.rounds)
        if "memory" in args.only:
            compare_memory(runner, work / "clips", args.clips, args.long_s, args.long_files)


if __name__ == "__main__":
    main()
