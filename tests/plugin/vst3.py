"""Drives the built VST3 bundle in two hosts, pedalboard and DawDreamer (both from PyPI).

Run as: vst3.py BUNDLE EARMARK, where EARMARK is the built command; instead of a bundle, the built library will do on
Linux. Exit status 0: all held, or a host is absent and its part was skipped; 1: something did not hold.

Each host runs in a process of its own, because two of them do not share one well.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

PATIENCE_S = 120
RATE_HZ = 44_100


def main():
    bundle, earmark = (Path(argument).resolve() for argument in sys.argv[1:3])
    missing = [name for name in ("numpy", "pedalboard", "dawdreamer") if not importable(name)]
    if "numpy" in missing:
        print("vst3: SKIPPED, no NumPy")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder).resolve()
        if bundle.is_file():
            bundle = bundled(bundle, folder / "Earmark.vst3")
        environment = dict(os.environ, EARMARK_LIBRARY=str(folder / "library"), HOME=str(folder))
        asked = make_library(folder, earmark, environment)
        found = subprocess.run(
            [earmark, "find", asked, "--json"], env=environment, check=True, capture_output=True, text=True
        )
        expected = folder / "expected.json"
        expected.write_text(found.stdout)
        failed = False
        for host in ("pedalboard", "dawdreamer"):
            if host in missing:
                print(f"vst3: SKIPPED {host}, which is not installed")
                continue
            command = [sys.executable, __file__, "--in", host, bundle, asked, expected]
            failed |= subprocess.run(command, env=environment).returncode != 0
    return 1 if failed else 0


def bundled(library, bundle):
    binary = bundle / "Contents" / f"{platform.machine()}-linux" / "Earmark.so"
    binary.parent.mkdir(parents=True)
    shutil.copy(library, binary)
    return bundle


def importable(name):
    return subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True).returncode == 0


def make_library(folder, earmark, environment):
    """Indexes eight sounds of noise and tones; returns a ninth."""
    import numpy

    random = numpy.random.default_rng(1)
    sounds = folder / "sounds"
    sounds.mkdir()
    for number in range(9):
        seconds = numpy.arange(3 * RATE_HZ) / RATE_HZ
        tone = numpy.sin(2 * numpy.pi * 110 * (number + 1) * seconds) * numpy.exp(-seconds * number)
        noise = numpy.cumsum(random.standard_normal(len(seconds))) if number % 2 else random.standard_normal(len(seconds))
        sound = 0.3 * tone + 0.2 * noise / numpy.abs(noise).max()
        path = sounds / f"sound {number}.wav" if number < 8 else folder / "asked.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((2, 2, RATE_HZ, 0, "NONE", ""))
            frames = numpy.stack([sound, sound], axis=1)
            file.writeframes((frames * 32767).astype("<i2").tobytes())
    subprocess.run([earmark, "index", sounds], env=environment, check=True, capture_output=True)
    return folder / "asked.wav"


def audio_of(path):
    import numpy

    with wave.open(str(path), "rb") as file:
        frames = numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return (frames.reshape(-1, 2).T / 32768).astype(numpy.float32)


def session_in(state):
    """What the plugin keeps with the session, out of the bytes that a host has wrapped around it."""
    text = state.decode("utf-8", "replace")
    if component := re.search(r"<IComponent>([^<]*)</IComponent>", text):
        text = from_juce(component[1]).decode("utf-8", "replace")
    start = text.index('{"version"')
    plugin_state, _ = json.JSONDecoder().raw_decode(text[start:])
    return json.loads(plugin_state["fields"]["session"])


def from_juce(text):
    """Decodes what JUCE's MemoryBlock::toBase64Encoding makes: a length, a dot, six bits a letter from the lowest on."""
    letters = ".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"
    length, data = text.split(".", 1)
    values = [letters.index(letter) for letter in data] + [0] * 3
    quads = zip(values[0::4], values[1::4], values[2::4], values[3::4])
    decoded = b"".join((a | b << 6 | c << 12 | d << 18).to_bytes(3, "little") for a, b, c, d in quads)
    return decoded[: int(length)]


def wait_for_results(read_state):
    started = time.monotonic()
    while time.monotonic() - started < PATIENCE_S:
        session = session_in(read_state())
        if session["question"] and session["question"]["results"]:
            return session
        time.sleep(0.1)
    raise AssertionError("no results in the plugin's state")


def check_same_answers(session, expected):
    assert session["question"]["origin"] == "offline", session["question"]["origin"]
    wanted = json.loads(Path(expected).read_text())["results"]
    found = session["question"]["results"]
    assert len(found) >= len(wanted) > 0, (len(found), len(wanted))
    for ours, theirs in zip(found, wanted):
        assert abs(ours["similarity"] - theirs["similarity_percent"]) < 0.05, (ours, theirs)
    assert Path(found[0]["path"]).name == Path(wanted[0]["path"]).name


def in_pedalboard(bundle, asked, expected):
    import numpy
    import pedalboard

    plugin = pedalboard.load_plugin(str(bundle))
    assert not plugin.is_instrument and "bypass" in plugin.parameters, plugin.parameters
    random = numpy.random.default_rng(2)
    for rate_hz, block in ((44_100, 512), (48_000, 1), (96_000, 8192), (192_000, 333)):
        noise = random.standard_normal((2, min(20_000, 500 * block))).astype(numpy.float32)
        assert numpy.array_equal(plugin.process(noise, rate_hz, buffer_size=block), noise), (rate_hz, block)
    plugin.reset()
    audio = audio_of(asked)
    assert numpy.array_equal(plugin.process(audio, RATE_HZ, buffer_size=512), audio)
    session = wait_for_results(lambda: plugin.preset_data)
    check_same_answers(session, expected)
    # A part of it, after a pause and without a reset, is another clip.
    half = audio[:, : audio.shape[1] // 2]
    plugin.process(half, RATE_HZ, buffer_size=512, reset=False)
    started, wanted_s = time.monotonic(), half.shape[1] / RATE_HZ
    while abs(session["question"]["duration_s"] - wanted_s) > 0.1:
        assert time.monotonic() - started < PATIENCE_S, session["question"]["duration_s"]
        time.sleep(0.1)
        session = session_in(plugin.preset_data)
    other = pedalboard.load_plugin(str(bundle))
    other.preset_data = plugin.preset_data
    assert session_in(other.preset_data)["question"] == session["question"]


def in_dawdreamer(bundle, asked, expected):
    import dawdreamer
    import numpy

    engine = dawdreamer.RenderEngine(RATE_HZ, 512)
    audio = audio_of(asked)
    playback = engine.make_playback_processor("playback", audio)
    plugin = engine.make_plugin_processor("earmark", str(bundle))
    assert plugin.get_num_input_channels() == 2 and plugin.get_num_output_channels() == 2
    # DawDreamer prepares a plugin before it tells it that it renders offline; a change of buses prepares it anew.
    plugin.disable_nonmain_buses()
    engine.load_graph([(playback, []), (plugin, ["playback"])])
    engine.render(audio.shape[1] / RATE_HZ)
    rendered = engine.get_audio()
    assert numpy.array_equal(rendered[:, : audio.shape[1]], audio[:, : rendered.shape[1]])
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"

        def saved_by(one):
            one.save_state(str(state))
            return state.read_bytes()

        session = wait_for_results(lambda: saved_by(plugin))
        # A render is a whole number of blocks; the last of them are silence behind the clip.
        assert 0 <= session["question"]["duration_s"] - audio.shape[1] / RATE_HZ < 4 * 512 / RATE_HZ
        check_same_answers(session, expected)
        other = engine.make_plugin_processor("other", str(bundle))
        other.load_state(str(state))
        # Loading opens its window for a moment, in which the library is asked again, with embeddings as they were saved.
        restored = session_in(saved_by(other))
        check_same_answers(restored, expected)
        session["question"]["results"] = restored["question"]["results"] = None
        assert restored == session


if __name__ == "__main__":
    if sys.argv[1] == "--in":
        {"pedalboard": in_pedalboard, "dawdreamer": in_dawdreamer}[sys.argv[2]](*sys.argv[3:])
        print(f"vst3: all held in {sys.argv[2]}", flush=True)
    else:
        sys.exit(main())
