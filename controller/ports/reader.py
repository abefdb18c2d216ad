"""How far the far end of a line is behind, so that no new frame is put behind an old one.

A serial driver says what it still has to send (TIOCOUTQ), a socket what it could not send yet (SIOCOUTQNSD),
though not what the far end has read. For a pseudo-terminal Linux says nothing: controller/native/reader.c,
which does the same in C, says how the far end's reading shows all the same.
"""

import fcntl
import os
import select
import stat
import struct
import termios

SIOCOUTQNSD = 0x894B  # linux/sockios.h
UNSEEN = 128  # bytes that the far end of a pseudo-terminal may leave unread and look as if it had read all
MAJORS = range(136, 144)  # of Unix98 pseudo-terminals
MOST_TRUST, QUICK, BREACH = 64, 16, 8  # how regularly the far end reads; from QUICK on it has a second frame
DOUBT, QUICK_DOUBT = 64, 4  # questions without an answer until the far end is prodded


class HungUp(OSError):
    """The far end is gone."""


class Reader:
    """What is known of the far end of an open descriptor.

    tells: whether that is enough to know at the end that all was sent, or read.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor, self._request = descriptor, 0
        self._edges: select.epoll | None = None
        self._unread = self._asked = self._trust = 0
        self.tells = descriptor is not None and os.isatty(descriptor)
        if descriptor is not None and self.tells:
            self._request = termios.TIOCOUTQ
            if os.major(os.fstat(descriptor).st_rdev) in MAJORS:
                self._edges = select.epoll()
                self._edges.register(descriptor, select.EPOLLOUT | select.EPOLLET)
        elif descriptor is not None and stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            self._request = SIOCOUTQNSD

    def wrote(self, frames: int = 1) -> None:
        """Something was written just now: so many frames, or 0 for a byte that means nothing."""
        if self._edges is not None:
            self._edge()  # the write's own
            self._unread += frames
            self._asked = 0 if frames else self._asked

    def ready(self) -> bool:
        """Asked once a period: whether what was written has left, as far as can be known; or HungUp."""
        if self._request and self._unsent():
            return False
        if self._edges is None or not self._unread:
            return True
        self._asked += 1
        if self._edge():
            self._unread = 0
        if self._asked == 1:
            step = BREACH if self._unread else -1
            self._trust = max(0, min(self._trust - step, MOST_TRUST))
        return self._unread <= (self._trust >= QUICK)

    def doubtful(self) -> bool:
        """Whether the far end was silent for so long that it should be given a byte to read."""
        enough = QUICK_DOUBT if self._trust >= QUICK else DOUBT
        return self._unread > 0 and self._asked >= enough and not self._asked & (self._asked - 1)

    def close(self) -> None:
        """Let it go."""
        if self._edges is not None:
            self._edges.close()

    def _edge(self) -> bool:
        """Whether the far end was seen to read since the last look; one that hangs up has read nothing."""
        assert self._edges is not None
        return any(not seen & (select.EPOLLHUP | select.EPOLLERR) for _, seen in self._edges.poll(0))

    def _unsent(self) -> int:
        assert self._descriptor is not None
        gone = select.poll()
        gone.register(self._descriptor, 0)  # a hang-up is told unasked
        if gone.poll(0):
            raise HungUp("it hung up")
        return int(struct.unpack("i", fcntl.ioctl(self._descriptor, self._request, bytes(4)))[0])
