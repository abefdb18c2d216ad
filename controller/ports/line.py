"""Opens the line at any pyserial URL, for the controller's port and for the test bench.

A device is opened for one program alone (a lock that other programs of Seawall heed). What pyserial can't
open, in whichever of its many ways, is bad input: one sentence.
"""

import errno
import termios
from typing import Any

import serial

from controller.errors import InputError

REMOTE = "rfc2217://"
LOGGING = "logging=debug|info|warning|error"
FORMS = {  # of the URLs that pyserial 3.5 knows
    "loop": f"loop://[?{LOGGING}]",
    "socket": f"socket://HOST:PORT[?{LOGGING}], with a port from 1 to 65535",
    "rfc2217": f"rfc2217://HOST:PORT[?ign_set_control&poll_modem&timeout=SECONDS&{LOGGING}]",
    "hwgrep": "hwgrep://REGEXP[&n=NUMBER&skip_busy]",
    "spy": "spy://DEVICE[?file=NAME&color&raw&all]",
    "alt": "alt://DEVICE[?class=NAME], where NAME is a class of pyserial",
}


class Remote:
    """A line behind rfc2217://, which pyserial reads one byte at a time where the timeout is 0."""

    def __init__(self, line: Any) -> None:
        self._line = line

    @property
    def in_waiting(self) -> int:
        """How many bytes have arrived."""
        return int(self._line.in_waiting)

    def read(self, size: int = 1) -> bytes:
        """What has arrived, at most `size` bytes; waits for the first one as long as the timeout allows."""
        return b"".join(self._line.read(1) for _ in range(min(size, max(1, self.in_waiting))))

    def write(self, data: bytes) -> None:
        """Send all of the bytes."""
        self._line.write(data)

    def close(self) -> None:
        """Let the line go."""
        self._line.close()


def open_line(url: str, baud: int, timeout_s: float, write_timeout_s: float, name: str, advice: str) -> Any:
    """The open line, with pyserial's read, write, close and in_waiting, and fileno where it has one.

    baud: bits a second. name, advice: begin and end the sentence of the InputError where it can't be opened.
    """
    remote = url.lower().startswith(REMOTE)
    try:
        line = serial.serial_for_url(
            url,
            baud,
            timeout=timeout_s,
            write_timeout=None if remote else write_timeout_s,  # which rfc2217:// does not know
            exclusive=True,  # heeded by devices only
        )
    except Exception as fault:  # pyserial's handlers raise what they like: KeyError, TypeError, re.error, …
        raise InputError(f"{name}: can't be opened ({_reason(fault, url, baud)}); {advice}") from None
    return Remote(line) if remote else line


def _reason(fault: Exception, url: str, baud: int) -> str:
    """Why, in words: of a URL that pyserial can't read the form that it must have, not what broke."""
    if isinstance(fault, OSError) and fault.errno in (errno.EAGAIN, errno.EBUSY):
        return "another program has it"
    if isinstance(fault, OverflowError) or (isinstance(fault, ValueError) and "baud" in str(fault)):
        return f"it has no speed of {baud} baud"
    root: BaseException = fault
    while root.__context__ is not None:
        root = root.__context__
    form = FORMS.get(url.lower().partition("://")[0])
    if form and not isinstance(root, OSError | termios.error):
        return f"a URL of this kind has the form {form}"
    return " ".join(str(fault).split()) or type(fault).__name__
