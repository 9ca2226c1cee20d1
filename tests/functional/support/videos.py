# SPDX-License-Identifier: MIT
"""Videos for the tests, made by ffmpeg."""

from support.harness import Skip, run_tool

# By the file's suffix. A fixed distance of key frames keeps seeking cheap.
CODECS = {
    ".mp4": ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast",
             "-c:a", "aac"],
    ".webm": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "16",
              "-c:a", "libopus"],
}
CLIP_SECONDS = 2
COLOURS = ("red", "blue")


def ffmpeg(*words):
    """Runs ffmpeg quietly and returns what it prints."""
    return run_tool("ffmpeg", "-nostdin", "-v", "error", *words)


def make_clip(path, colour):
    """Two seconds of one colour with a tone; the noise makes it large."""
    encoders = run_tool("ffmpeg", "-v", "error", "-encoders").decode().split()
    for codec in CODECS[path.suffix][1::2]:
        if codec.startswith("lib") and codec not in encoders:
            raise Skip(f"ffmpeg cannot encode with {codec}")
    ffmpeg("-f", "lavfi", "-i", f"color=c={colour}:size=640x360:rate=25,"
           "noise=alls=50:allf=t",
           "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
           "-t", CLIP_SECONDS, "-b:v", "8M", "-g", 25,
           *CODECS[path.suffix], path)


def make_video(case, name, seconds=64):
    """A large video below the root: red, and blue from the middle on.

    What a player needs for seeking, mp4's moov or webm's cues, is at its
    end. Encoding takes much longer than copying, so it repeats two clips.
    """
    path = case.root / name
    clips = [case.dir / f"{colour}{path.suffix}" for colour in COLOURS]
    for clip, colour in zip(clips, COLOURS):
        make_clip(clip, colour)
    times = seconds // CLIP_SECONDS // len(COLOURS)
    order = [clip for clip in clips for _ in range(times)]
    parts = case.dir / "parts"
    parts.write_text("".join(f"file {clip.name}\n" for clip in order))
    ffmpeg("-f", "concat", "-i", parts, "-c", "copy", path)
    return path
