"""What the target must answer, computed on the host: by the native backend, or by the living definition."""

import ctypes
import zlib
from struct import Struct, pack
from typing import Any

from controller.controller import PythonKernel
from controller.kernel.records import State
from controller.native.binding import NativeKernel, fill, structure
from controller.project import Project
from hil.inputs import GAMMA, WORD
from hil.messages import Period

JUDGED = Struct("<BB")  # mode, cause


class NativeReference(NativeKernel):
    """The compiled kernel in this process; tests show it equal to the Python to the bit."""

    def __init__(self, project: Project) -> None:
        super().__init__(project.law, project.sizes)
        self._outputs: Any = self._state.output

    def fly(self, period: Period) -> None:
        """One period."""
        for sample in period.samples:
            self.receive(period.now_us, sample.channel, sample.time_us, sample.value)
        self.step(period.now_us, period.missed)

    def answer(self) -> bytes:
        """Mode, cause, outputs and the CRC-32 of the whole state, as the agent sends them."""
        state = self._state
        check = zlib.crc32(state)
        return JUDGED.pack(state.mode, state.cause) + bytes(self._outputs) + check.to_bytes(4, "little")


class PythonReference(PythonKernel):
    """The same from the kernel's own Python."""

    def __init__(self, project: Project) -> None:
        super().__init__(project.law, project.sizes)
        self._image: ctypes.Structure = structure(State, project.sizes)()

    def fly(self, period: Period) -> None:
        """One period."""
        for sample in period.samples:
            self.receive(period.now_us, sample.channel, sample.time_us, sample.value)
        self.step(period.now_us, period.missed)

    def answer(self) -> bytes:
        """Mode, cause, outputs and the CRC-32 of the whole state, as the agent sends them."""
        fill(self._image, self._state)
        outputs = pack(f"<{len(self.output)}d", *self.output)
        check = zlib.crc32(self._image)
        return JUDGED.pack(self.mode, self.cause) + outputs + check.to_bytes(4, "little")


Reference = NativeReference | PythonReference


def digest_words(digest: int, answer: bytes) -> int:
    """One step's answer into the 64-bit digest of an on-target campaign; agent.c has the same."""
    mode, cause = answer[0], answer[1]
    check = int.from_bytes(answer[-4:], "little")
    words = [mode | cause << 8 | check << 16]
    words += [int.from_bytes(answer[at : at + 8], "little") for at in range(2, len(answer) - 4, 8)]
    for word in words:
        digest = ((digest ^ word) * GAMMA) & WORD
        digest ^= digest >> 32
    return digest
