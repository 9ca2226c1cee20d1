#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a folder of sample files for quickstart.sh.

    make-samples.py FOLDER

The folder gets a page that shows what fcgi-stream does, and in "files" what it
shows that with: a sound to seek in, a large picture, a large file and a few
short ones.
"""

import array
import math
import os
import struct
import sys
import wave
import zlib

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>fcgi-stream</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark }
body { font: 1.1em/1.5 sans-serif; max-width: 42em; margin: 2em auto;
       padding: 0 1em }
audio, img { width: 100% }
pre { background: #8882; padding: .5em 1em; overflow-x: auto;
      max-height: 14em; overflow-y: auto }
button { font: inherit }
</style>
<h1>It works</h1>
<p>This page and all that it shows went from the disk through fcgi-stream and
nginx to you. Each part is made by another action.</p>
<h2>file: seek, look, download</h2>
<p>Ten minutes of sound, 26 MB. Click anywhere in the bar: the browser asks
for a byte range, and the note there starts to play. Each minute starts one
note higher.</p>
<audio controls preload="metadata" src="/files/tones.wav"></audio>
<p><a href="/files/picture.png">A picture</a> of 3072 by 2048 dots, 6 MB.</p>
<a href="/files/picture.png"><img src="/files/picture.png"
  alt="a pattern of squares"></a>
<p><a href="/files/big.bin">big.bin</a>, 1 GiB. Stop it, and go on where it
stopped:</p>
<pre>curl -O HERE/files/big.bin
curl -O -C - HERE/files/big.bin</pre>
<h2>list: look around</h2>
<p><a href="/files/">The folder of these files</a>, and the same
<a href="/files/?format=json">as JSON</a>.</p>
<h2>archive: take a folder home</h2>
<form action="/zip/files/book/">
<input type="hidden" name="format" value="zip">
<button>the three chapters as ZIP</button></form>
<h2>concat: join files</h2>
<p>Three files, one answer: <a
href="/joined/files/book/?f=one.txt&amp;f=two.txt&amp;f=three.txt">the
book</a>.</p>
<pre id="book" tabindex="0" aria-label="The book"></pre>
<h2>follow: see a file grow</h2>
<p>The log of this fcgi-stream, line by line as it is written. Use a link
above, and come back.</p>
<pre id="log" role="log" tabindex="0" aria-label="Log"></pre>
<h2>probe: examine the front</h2>
<p>What fcgi-stream got from nginx with a request. <code>fcgi-stream doctor
HERE/</code> asks it many such questions.</p>
<pre id="probe" tabindex="0" aria-label="Parameters"></pre>
<script>
for (const one of document.querySelectorAll("pre, code"))
    one.textContent = one.textContent.replaceAll("HERE", location.origin);

async function show(id, address) {
    const answer = await fetch(address);
    document.getElementById(id).textContent =
        answer.ok ? await answer.text() : `${answer.status}`;
}

const log = document.getElementById("log");
const lines = new EventSource("/live/files/requests.log?lines=20");
lines.onmessage = ({ data }) => {
    log.append(`${data}\\n`);
    log.scrollTop = log.scrollHeight;
};

show("book", document.querySelector("a[href^='/joined/']"));
show("probe", "/.fcgi-stream-probe?test=echo");
</script>
</html>
"""

CHAPTERS = {
    "one.txt": "A file was long, and its reader was slow.\n",
    "two.txt": "So it left in pieces, each when there was room.\n",
    "three.txt": "Nobody else had to wait, and all of it arrived.\n",
}

RATE = 22050
MINUTES = 10
SCALE = [0, 2, 4, 7, 9, 12]


def note(step):
    """Half a second of one note, as 16-bit samples."""
    pitch = 220 * 2 ** (step / 12)
    length = RATE // 2
    samples = (math.sin(2 * math.pi * pitch * i / RATE)
               * math.exp(-4 * i / length) for i in range(length))
    sound = array.array("h", (int(12000 * sample) for sample in samples))
    if sys.byteorder == "big":
        sound.byteswap()
    return sound.tobytes()


def write_sound(path):
    with wave.open(path, "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        for minute in range(MINUTES):
            notes = [note(step + minute) for step in SCALE]
            tune = b"".join(notes + notes[-2:0:-1])
            minute_bytes = 60 * RATE * 2
            repeats = minute_bytes // len(tune) + 1
            out.writeframes((tune * repeats)[:minute_bytes])


def png_chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data
            + struct.pack(">I", zlib.crc32(kind + data)))


def write_picture(path, width=3072, height=2048):
    """A picture of 256 colours: each dot is its column xor its row."""
    palette = bytes(value for i in range(256)
                    for value in (i, (i * i) >> 8, 255 - i))
    columns = bytes((x >> 2) & 255 for x in range(width))
    rows = [columns.translate(bytes(i ^ row for i in range(256)))
            for row in range(256)]
    # Not compressed, so that the file is large.
    dots = zlib.compress(
        b"".join(b"\0" + rows[(y >> 2) & 255] for y in range(height)), 0)
    with open(path, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n")
        out.write(png_chunk(
            b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)))
        out.write(png_chunk(b"PLTE", palette))
        out.write(png_chunk(b"IDAT", dots))
        out.write(png_chunk(b"IEND", b""))


def write_big_file(path, mebibytes=1024):
    """A file with holes: only the first bytes of each MiB take up disk."""
    with open(path, "wb") as out:
        for number in range(mebibytes):
            out.seek(number << 20)
            out.write(b"This is MiB number %d.\n" % number)
        out.truncate(mebibytes << 20)


def main():
    folder = sys.argv[1]
    files = os.path.join(folder, "files")
    book = os.path.join(files, "book")
    os.makedirs(book, exist_ok=True)
    with open(os.path.join(folder, "index.html"), "w") as out:
        out.write(PAGE)
    for name, text in CHAPTERS.items():
        with open(os.path.join(book, name), "w") as out:
            out.write(text)
    write_sound(os.path.join(files, "tones.wav"))
    write_picture(os.path.join(files, "picture.png"))
    write_big_file(os.path.join(files, "big.bin"))


if __name__ == "__main__":
    main()
