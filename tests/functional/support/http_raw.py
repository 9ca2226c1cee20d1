# SPDX-License-Identifier: MIT
"""An HTTP/1.1 client that sends what it is told and hides nothing.

A target goes out as it is given, odd bytes included.  An answer tells how its
body was framed, and whether all of it has come.
"""

import hashlib
import socket

BODILESS = (204, 304)


class Answer:
    """An answer: status, header fields, body, and how it ended."""

    def __init__(self, status, fields):
        self.status = status
        self.fields = fields
        self.framing = "none"
        self.complete = False
        self.length = 0
        self.body = bytearray()
        self._sha256 = hashlib.sha256()

    @property
    def digest(self):
        """SHA-256 of the body, in hexadecimal digits."""
        return self._sha256.hexdigest()

    def field(self, name):
        """A field's value, None when absent; lines are joined by commas."""
        values = [value for key, value in self.fields
                  if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def take(self, part, keep):
        """Adds bytes of the body."""
        self.length += len(part)
        self._sha256.update(part)
        if keep:
            self.body += part

    def __repr__(self):
        end = "complete" if self.complete else "incomplete"
        return (f"<answer {self.status}, {self.length} bytes, "
                f"{self.framing}, {end}>")


class Client:
    """A connection to 127.0.0.1 that is kept as long as the server does."""

    def __init__(self, port, timeout, receive_buffer=None):
        self.port = port
        self.timeout = timeout
        self.receive_buffer = receive_buffer
        self.connections = 0
        self.socket = None
        self._stream = None

    def connect(self):
        """Connects unless it is connected."""
        if self.socket:
            return
        self.socket = socket.socket()
        self.socket.settimeout(self.timeout)
        if self.receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   self.receive_buffer)
        self.socket.connect(("127.0.0.1", self.port))
        self._stream = self.socket.makefile("rb")
        self.connections += 1

    def close(self):
        """Closes the connection; a second call does nothing."""
        if self.socket:
            self._stream.close()
            self.socket.close()
        self.socket = None

    def send(self, target, method="GET", fields=None, body=None):
        """Sends a request; reads nothing."""
        self.connect()
        lines = [f"{method} {target} HTTP/1.1", "Host: fronts.test"]
        lines += [f"{name}: {value}" for name, value in (fields or {}).items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join(lines + ["", ""]).encode()
        self.socket.sendall(head + (body or b""))

    def read_head(self):
        """The status and the fields of the answer to the last request."""
        line = self._stream.readline()
        if not line:
            raise ConnectionResetError("closed in place of an answer")
        status = int(line.split()[1])
        fields = []
        while True:
            line = self._stream.readline().rstrip(b"\r\n").decode("latin-1")
            if not line:
                return Answer(status, fields)
            name, _, value = line.partition(":")
            fields.append((name, value.strip()))

    def ask(self, target, method="GET", fields=None, body=None, keep=True):
        """One request and its whole answer, the body kept or only counted.

        Where a kept connection turns out to have ended, it goes out again on
        a new one, as clients do (RFC 9112, 9.3.1).
        """
        kept = self.socket is not None
        try:
            self.send(target, method, fields, body)
            answer = self.read_head()
        except (ConnectionResetError, BrokenPipeError):
            if not kept:
                raise
            self.close()
            self.send(target, method, fields, body)
            answer = self.read_head()
        while answer.status == 100:
            answer = self.read_head()
        self.read_body(answer, method, keep)
        closed = (answer.field("Connection") or "").lower() == "close"
        if closed or not answer.complete or answer.framing == "close":
            self.close()
        return answer

    def read_body(self, answer, method="GET", keep=True):
        """Reads an answer's body, as far as it comes (RFC 9112, 6.3)."""
        coding = answer.field("Transfer-Encoding")
        length = answer.field("Content-Length")
        try:
            if method == "HEAD" or answer.status in BODILESS:
                answer.complete = True
            elif coding:
                answer.framing = "chunked"
                answer.complete = self._read_chunks(answer, keep)
            elif length is not None:
                answer.framing = "length"
                answer.complete = self._read_part(answer, int(length), keep)
            else:
                answer.framing = "close"
                self._read_part(answer, None, keep)
                answer.complete = True
        except ConnectionResetError:
            pass
        return answer

    def read_some(self, answer, count):
        """Reads at least so many bytes that follow the head."""
        while answer.length < count:
            part = self._stream.read1(64 << 10)
            if not part:
                raise ConnectionResetError("the answer is shorter than that")
            answer.take(part, keep=False)

    def _read_part(self, answer, length, keep):
        """Reads so many bytes, or to the end; whether all have come."""
        while length is None or length > 0:
            size = 1 << 20 if length is None else min(length, 1 << 20)
            part = self._stream.read1(size)
            if not part:
                return False
            answer.take(part, keep)
            if length is not None:
                length -= len(part)
        return True

    def _read_chunks(self, answer, keep):
        """Reads chunks up to the last one; whether that one has come."""
        while True:
            line = self._stream.readline()
            if not line.endswith(b"\n"):
                return False
            size = int(line.split(b";")[0], 16)
            if not self._read_part(answer, size, keep):
                return False
            if not self._stream.readline().endswith(b"\n"):
                return False
            if size == 0:
                return True
