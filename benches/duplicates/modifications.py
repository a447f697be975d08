"""How well `earmark duplicates` finds what it should: recall and precision on modified copies of real sounds.

Takes sounds from folders (by default the development sets beside the repository), writes modified copies of a seeded
choice of them to a temporary folder with ffmpeg, indexes everything, and compares the report with what was done.
Every original whose copy was not chosen is there too, so that what is merely alike (other takes of the same source)
can be mistaken. Needs Python and ffmpeg with LAME, Vorbis and Opus.

A pair is expected when both members come from one original. It counts as found when a group holds both. A reported
pair that is not expected is printed: the development sets hold a few sounds twice themselves, so these want a look.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from measure import ROOT, earmark_program, run  # noqa: E402

SILENCE = "adelay=583:all=1"
# name: (ending, arguments between input and output, how much of the sound is cut out)
CHANGES = {
    "flac 48 kHz 24 bit": (".flac", ["-ar", "48000", "-sample_fmt", "s32"], None),
    "wav 96 kHz": (".wav", ["-ar", "96000", "-c:a", "pcm_s24le"], None),
    "wav 22.05 kHz": (".wav", ["-ar", "22050"], None),
    "-12 dB": (".wav", ["-af", "volume=-12dB"], None),
    "inverted": (".wav", ["-af", "aeval=-val(0):c=same"], None),
    "stereo": (".wav", ["-ac", "2"], None),
    "0.583 s of silence before": (".wav", ["-af", SILENCE], None),
    "mp3 192k": (".mp3", ["-b:a", "192k"], None),
    "mp3 64k": (".mp3", ["-b:a", "64k"], None),
    "ogg q3": (".ogg", ["-c:a", "libvorbis", "-q:a", "3"], None),
    "opus 64k": (".opus", ["-c:a", "libopus", "-b:a", "64k"], None),
    "48 kHz, -12 dB, silence, mp3 128k": (
        ".mp3",
        ["-ar", "48000", "-af", f"volume=-12dB,{SILENCE}", "-b:a", "128k"],
        None,
    ),
    "excerpt of half": (".wav", [], 0.5),
    "excerpt of 1 s": (".wav", [], 1.0),
    "excerpt of 0.5 s": (".wav", [], -0.5),
    "excerpt of half, mp3 128k": (".mp3", ["-b:a", "128k"], 0.5),
}


def probe_s(path: Path) -> float:
    ask = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)]
    return float(subprocess.run(ask, check=True, capture_output=True, text=True).stdout)


def loudest_db(path: Path, start_s: float, length_s: float) -> float:
    ask = ["ffmpeg", "-ss", f"{start_s}", "-t", f"{length_s}", "-i", path, "-af", "volumedetect", "-f", "null", "-"]
    said = subprocess.run(ask, check=True, capture_output=True, text=True).stderr
    return float(said.split("max_volume:")[1].split("dB")[0])


def cut(amount: float, length_s: float, chance: random.Random) -> tuple[float, float] | None:
    """Start and length of an excerpt: half of it, or so many seconds; `None` where too little would be left out."""
    wanted = length_s * 0.5 if amount == 0.5 else abs(amount)
    if wanted < 0.3 or length_s < wanted + 0.5:
        return None
    return chance.uniform(0.05, length_s - wanted - 0.05), wanted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sounds", type=Path, nargs="*", help="folders of sounds")
    parser.add_argument("--earmark", type=Path, help="the built command [default: target/release/earmark]")
    parser.add_argument("--modified", type=int, default=30, help="originals chosen for each kind of change")
    parser.add_argument("--others", type=int, default=2000, help="further originals, unchanged")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="work in this folder, keep it, and use what is there")
    args = parser.parse_args()
    earmark = earmark_program(args.earmark)
    folders = args.sounds or sorted((ROOT.parent / "shared" / "data").glob("*/audio"))
    work = args.keep or Path(tempfile.mkdtemp(prefix="earmark-duplicates-"))
    try:
        measure(earmark, folders, work, args)
    finally:
        if not args.keep:
            shutil.rmtree(work)


def make(folders: list[Path], work: Path, args: argparse.Namespace) -> None:
    chance = random.Random(args.seed)
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in {".ogg", ".wav", ".flac"})
    chance.shuffle(files)
    (work / "sounds").mkdir(parents=True)
    truth = []
    used: dict[Path, str] = {}

    def original(path: Path) -> str:
        if path not in used:
            name = f"{len(used):05}.wav"
            subprocess.run(
                ["ffmpeg", "-v", "error", "-i", path, "-c:a", "pcm_s16le", work / "sounds" / name], check=True
            )
            used[path] = name
        return used[path]

    for change, (ending, arguments, amount) in CHANGES.items():
        made = 0
        for path in chance.sample(files, len(files)):
            if made == args.modified:
                break
            trim = []
            start_s = 0.0
            if amount is not None:
                excerpt = cut(amount, probe_s(path), chance)
                if excerpt is None or loudest_db(path, *excerpt) < -60:
                    continue
                start_s = excerpt[0]
                trim = ["-ss", f"{start_s:.6f}", "-t", f"{excerpt[1]:.6f}"]
            source = original(path)
            name = f"{change.replace(' ', '_').replace(',', '')}-{source[:-4]}{ending}"
            command = ["ffmpeg", "-v", "error", "-i", work / "sounds" / source, *trim, *arguments]
            subprocess.run([*command, work / "sounds" / name], check=True)
            truth.append({"change": change, "original": source, "copy": name, "start_s": start_s})
            made += 1
    for path in files:
        if len(used) >= args.others:
            break
        original(path)
    (work / "sources.json").write_text(json.dumps({name: str(path) for path, name in used.items()}))
    (work / "truth.json").write_text(json.dumps(truth))


def measure(earmark: Path, folders: list[Path], work: Path, args: argparse.Namespace) -> None:
    if not (work / "truth.json").exists():
        make(folders, work, args)
    truth = json.loads((work / "truth.json").read_text())
    sources = json.loads((work / "sources.json").read_text())
    library = work / "library"
    if not library.exists():
        run([earmark, "--quiet", "index", work / "sounds", "--library", library])
    cost = run([earmark, "duplicates", "--library", library, "--json"])
    report = json.loads(cost.out)

    # Of the same audio, a group of excerpts lists one file and counts the others.
    alike = defaultdict(set)
    for group in report["groups"]:
        if group["kind"] != "contained":
            names = {Path(member["path"]).name for member in group["members"]}
            for name in names:
                alike[name] |= names
    pairs = {}
    for group in report["groups"]:
        listed = [Path(member["path"]).name for member in group["members"]]
        names = sorted({other for name in listed for other in alike[name] | {name}})
        for a in range(len(names)):
            for b in range(a + 1, len(names)):
                pairs[frozenset((names[a], names[b]))] = (group, names[a], names[b])

    found, wanted, strange = defaultdict(int), defaultdict(int), 0
    for entry in truth:
        wanted[entry["change"]] += 1
        if frozenset((entry["original"], entry["copy"])) in pairs:
            found[entry["change"]] += 1
        else:
            print("missed:", entry["change"], entry["copy"], sources_of(entry["original"], sources))
    print(f"\n{len(list((work / 'sounds').iterdir())):,} sounds, {cost.cpu_s:.1f} CPU s, {cost.peak_mb:.0f} MB")
    print("\n| change | found |\n|---|---|")
    for change in CHANGES:
        print(f"| {change} | {found[change]} of {wanted[change]} |")
    print(f"| all | {sum(found.values())} of {sum(wanted.values())} |\n")

    origin = {entry["copy"]: entry["original"] for entry in truth}
    for pair, (group, a, b) in sorted(pairs.items(), key=lambda item: item[1][1:]):
        one, other = (origin.get(name, name) for name in (a, b))
        if one != other:
            strange += 1
            evidence = [
                {key: member.get(key) for key in ("relation", "offset_s", "gain_db", "residual_db", "similarity")}
                for member in group["members"]
                if Path(member["path"]).name in (a, b)
            ]
            print("not of one original:", a, sources_of(one, sources), b, sources_of(other, sources), evidence)
    print(f"\nreported pairs: {len(pairs):,}, of which not of one original: {strange}")


def sources_of(name: str, sources: dict[str, str]) -> str:
    path = Path(sources.get(name, name))
    return "/".join(path.parts[-3:])


if __name__ == "__main__":
    main()
