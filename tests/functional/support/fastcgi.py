# SPDX-License-Identifier: MIT
"""A FastCGI client that sees and controls every single record.

Records are made as bytes (record, head, request), so that a test may split,
damage or reorder them before it sends them through a Connection.  What comes
back is read record by record, or gathered in a Response.
"""

import fcntl
import hashlib
import socket
import struct
import termios
import time

VERSION = 1
(BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR,
 DATA, GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE) = range(1, 12)
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3
REQUEST_COMPLETE, CANT_MPX_CONN, OVERLOADED, UNKNOWN_ROLE = range(4)
LARGEST_CONTENT = 65535
# No record at all: a server may send it to make every front see a broken
# response.  nginx takes a mere close of an unbuffered one for a good end.
BREAK = bytes(8)

_HEADER = struct.Struct("!BBHHBx")
_BEGIN = struct.Struct("!HB5x")
_END = struct.Struct("!IB3x")


class ProtocolError(Exception):
    """The peer sent what the FastCGI specification does not allow."""


# --- bytes to send -----------------------------------------------------------

def record(kind, request_id=1, content=b"", padding=0, version=VERSION):
    """One record; every field can be set to something wrong."""
    header = _HEADER.pack(version, kind, request_id, len(content), padding)
    return header + content + bytes(padding)


def begin(request_id=1, keep=False, role=RESPONDER):
    """A BEGIN_REQUEST record."""
    return record(BEGIN_REQUEST, request_id, _BEGIN.pack(role, int(keep)))


def _length(number):
    """A name's or value's length, in one byte or in four."""
    if number < 128:
        return bytes([number])
    return struct.pack("!I", number | 0x80000000)


def _bytes(text):
    """Text as it stands in a file name or an environment."""
    return text if isinstance(text, bytes) else text.encode()


def pairs(params):
    """Names and values in the form that PARAMS and GET_VALUES carry."""
    out = bytearray()
    for name, value in params.items():
        name, value = _bytes(name), _bytes(value)
        out += _length(len(name)) + _length(len(value)) + name + value
    return bytes(out)


def stream(kind, content, request_id=1, size=LARGEST_CONTENT, padding=0):
    """A stream in records of at most size bytes, closed by an empty one."""
    parts = [content[at:at + size] for at in range(0, len(content), size)]
    return b"".join(record(kind, request_id, part, padding)
                    for part in parts + [b""])


def head(params, request_id=1, keep=False, size=LARGEST_CONTENT, padding=0):
    """A request up to and with the empty PARAMS record."""
    return begin(request_id, keep) + stream(PARAMS, pairs(params), request_id,
                                            size, padding)


def request(params, request_id=1, keep=False, body=b""):
    """A whole request."""
    return (head(params, request_id, keep)
            + stream(STDIN, body, request_id))


def get_values(*names):
    """A GET_VALUES record that asks for these names."""
    return record(GET_VALUES, 0, pairs(dict.fromkeys(names, "")))


def cgi_params(root, path, method="GET", **extra):
    """What a stock fastcgi_params file sends; None as a value removes one."""
    params = {
        "QUERY_STRING": "", "REQUEST_METHOD": method, "CONTENT_TYPE": "",
        "CONTENT_LENGTH": "", "SCRIPT_NAME": path, "REQUEST_URI": path,
        "DOCUMENT_URI": path, "DOCUMENT_ROOT": str(root),
        "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_SCHEME": "http",
        "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_SOFTWARE": "test/1.0",
        "REMOTE_ADDR": "192.0.2.1", "REMOTE_PORT": "40000",
        "SERVER_ADDR": "192.0.2.2", "SERVER_PORT": "80",
        "SERVER_NAME": "test", "REDIRECT_STATUS": "200",
    }
    params.update(extra)
    return {name: value for name, value in params.items()
            if value is not None}


# --- what comes back ---------------------------------------------------------

def unpack_pairs(content):
    """The names and values of a GET_VALUES_RESULT."""
    found, at = {}, 0

    def length():
        nonlocal at
        number, step = content[at], 1
        if number >= 128:
            number = struct.unpack_from("!I", content, at)[0] & 0x7fffffff
            step = 4
        at += step
        return number

    while at < len(content):
        name_length, value_length = length(), length()
        middle, end = at + name_length, at + name_length + value_length
        found[content[at:middle].decode()] = content[middle:end].decode()
        at = end
    return found


class Record:
    """One record; cut means that the connection ended inside it."""

    def __init__(self, kind, request_id, content, cut=False):
        self.kind = kind
        self.request_id = request_id
        self.content = content
        self.cut = cut

    def end_request(self):
        """The application status and protocol status of an END_REQUEST."""
        if self.kind != END_REQUEST or len(self.content) != _END.size:
            raise ProtocolError(f"not an END_REQUEST: {self!r}")
        return _END.unpack(self.content)

    def __repr__(self):
        return (f"<record type {self.kind} id {self.request_id} "
                f"{bytes(self.content[:60])!r}>")


class Response:
    """A response as it grows: head, body with its SHA-256, and its end."""

    def __init__(self, keep_body=True):
        self.head = None
        self.headers = []
        self.body = bytearray()
        self.length = 0
        self.stderr = b""
        self.app_status = self.protocol_status = None
        self.broken = False
        self._keep_body = keep_body
        self._sha256 = hashlib.sha256()
        self._pending = b""

    @property
    def complete(self):
        """True when END_REQUEST has come."""
        return self.protocol_status is not None

    @property
    def over(self):
        """True when nothing more can come."""
        return self.complete or self.broken

    @property
    def digest(self):
        """SHA-256 of the body so far, in hexadecimal digits."""
        return self._sha256.hexdigest()

    @property
    def status(self):
        """The number in the Status field, or None before the head."""
        field = self.header("Status")
        return int(field.split()[0]) if field else None

    def header(self, name):
        """A field's value, None when absent; a field sent twice fails."""
        values = [value for key, value in self.headers
                  if key.lower() == name.lower()]
        if len(values) > 1:
            raise ProtocolError(f"{name} comes {len(values)} times: {values}")
        return values[0] if values else None

    def take(self, item):
        """Adds one record of this request."""
        if item.kind == STDOUT:
            self._take_output(item.content)
        elif item.kind == STDERR:
            self.stderr += item.content
        elif item.kind == END_REQUEST and not item.cut:
            self.app_status, self.protocol_status = item.end_request()
        elif not item.cut:
            raise ProtocolError(f"unexpected {item!r}")

    def _take_output(self, content):
        """Splits the head off, and counts and keeps the body."""
        if self.head is None:
            self._pending += content
            raw, mark, content = self._pending.partition(b"\r\n\r\n")
            if not mark:
                return
            self._parse_head(raw)
        self._sha256.update(content)
        self.length += len(content)
        if self._keep_body:
            self.body += content

    def _parse_head(self, raw):
        """Reads the field lines of a CGI head."""
        self.head = raw
        for line in raw.split(b"\r\n"):
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not name or name != name.strip():
                raise ProtocolError(f"bad field line {line!r}")
            self.headers.append((name, value.strip()))

    def __repr__(self):
        end = "complete" if self.complete else "no END_REQUEST"
        return (f"<response {self.status}, {self.length} bytes, {end}, "
                f"stderr {self.stderr!r}>")


class Connection:
    """A connection to unix:PATH, HOST:PORT or [V6]:PORT.

    largest_read and pause (seconds after each read) make a slow reader of it.
    """

    def __init__(self, address, timeout=30, source=None, receive_buffer=None):
        family, target = socket_address(address)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.timeout = timeout
        self.socket.settimeout(timeout)
        self.others = []
        self.largest_read = 1 << 20
        self.pause = 0
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_buffer)
        try:
            if source:
                self.socket.bind((source, 0))
            self.socket.connect(target)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes the socket; a second call does nothing."""
        self.socket.close()

    def send(self, data):
        """Sends all of data."""
        self.socket.sendall(data)

    def wait_taken(self):
        """Waits until the peer has read all that was sent (AF_UNIX)."""
        limit = time.monotonic() + self.timeout
        while self._queued(termios.TIOCOUTQ):
            if time.monotonic() > limit:
                raise TimeoutError("the peer does not read")
            time.sleep(0)

    def waiting(self):
        """Bytes that have arrived and were not read yet."""
        return self._queued(termios.FIONREAD)

    def _queued(self, question):
        """Asks the kernel for one of the two queues' length."""
        answer = fcntl.ioctl(self.socket, question, bytes(4))
        return struct.unpack("i", answer)[0]

    def _read(self, size):
        """Exactly size bytes, or fewer at the connection's end."""
        parts = []
        while size:
            try:
                part = self.socket.recv(min(size, self.largest_read))
            except (ConnectionResetError, BrokenPipeError):
                break
            if not part:
                break
            parts.append(part)
            size -= len(part)
            if self.pause:
                time.sleep(self.pause)
        return b"".join(parts)

    def read_record(self):
        """The next record, or None at the connection's end."""
        header = self._read(_HEADER.size)
        if not header:
            return None
        if len(header) < _HEADER.size or header == BREAK:
            return Record(None, None, header, cut=True)
        version, kind, request_id, size, padding = _HEADER.unpack(header)
        if version != VERSION:
            raise ProtocolError(f"record header {header!r}")
        content = self._read(size + padding)
        cut = len(content) < size + padding
        return Record(kind, request_id, content[:size], cut)

    def receive(self, response, request_id=1, until=None):
        """Reads into response until it is over or until() says so.

        Records of other requests and management records go to others.
        """
        while not response.over and not (until and until()):
            item = self.read_record()
            if item is None:
                response.broken = True
                break
            if item.kind is not None:
                if item.request_id == request_id:
                    response.take(item)
                else:
                    self.others.append(item)
            response.broken = item.cut
        return response

    def receive_bytes(self, response, count, request_id=1):
        """Reads on until the body has at least count bytes."""
        return self.receive(response, request_id,
                            lambda: response.length >= count)

    def ask(self, params, keep=False, body=b"", keep_body=True, request_id=1):
        """Sends one request and reads its response."""
        self.send(request(params, request_id, keep, body))
        return self.receive(Response(keep_body), request_id)

    def reset(self):
        """Closes a TCP connection with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
        self.close()

    def is_closed(self):
        """True when the peer closes without sending any more record."""
        return self.read_record() is None


def socket_address(address):
    """The family and the address of a --listen value."""
    if address.startswith("unix:"):
        return socket.AF_UNIX, address[5:]
    host, _, port = address.rpartition(":")
    if host.startswith("["):
        return socket.AF_INET6, (host[1:-1], int(port))
    return socket.AF_INET, (host, int(port))
