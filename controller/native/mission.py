"""mission.h: what the flight binary must know of a project beside the kernel's own constants."""

from controller.errors import InputError
from controller.kernel.inbox import LATEST_US
from controller.kernel.modes import CAUSE_NAMES, MODE_NAMES, SAFE
from controller.ports import frame, messages
from controller.project import Project

SPEEDS = (
    9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600,
    1_000_000, 1_500_000, 2_000_000, 3_000_000, 4_000_000,
)  # fmt: skip
BITS_PER_BYTE = 10  # 8N1: a start bit and a stop bit
FULLEST = 0.8  # the share of the line that a period may fill
PRIORITY = 80  # SCHED_FIFO, above the kernel's interrupt threads (50)
MOST_OUTPUTS = (frame.PAYLOAD_LIMIT - messages.HEADER.size - messages.COMMAND.size) // messages.REAL.size


def frame_bytes(payload: int) -> int:
    """The length of the frame of a payload of this many bytes, its ending zero included."""
    return frame.body_size(payload) + frame.CHECK + 1


def line_load(project: Project) -> int:
    """Bytes that one period sends in its busier direction: a sample of each input, or the command."""
    sample = frame_bytes(messages.HEADER.size + messages.SAMPLE.size) * project.sizes["inputs"]
    outputs = messages.REAL.size * project.sizes["outputs"]
    return max(sample, frame_bytes(messages.HEADER.size + messages.COMMAND.size + outputs))


def baud(project: Project) -> tuple[int, bool]:
    """(the slowest usual speed that a period fills to 80 % at most, else the fastest; whether it does so)."""
    needed = line_load(project) * BITS_PER_BYTE * 1_000_000 / project.law.clock.nominal_us / FULLEST
    fits = [speed for speed in SPEEDS if speed >= needed]
    return (fits[0], True) if fits else (SPEEDS[-1], False)


def source(project: Project, kernel_digest: str, parameter_digest: str) -> str:
    """mission.h; raises InputError where a command would not fit a frame."""
    outputs = project.sizes["outputs"]
    if outputs > MOST_OUTPUTS:
        raise InputError(f"output: {outputs} outputs do not fit a command frame; give at most {MOST_OUTPUTS}")
    lines = [
        "/* What the flight binary knows of its project beside the kernel's own constants. Generated. */",
        "#ifndef SEAWALL_MISSION_H",
        "#define SEAWALL_MISSION_H",
        "",
        f'#define MISSION_NAME "{project.name}"',
        f'#define MISSION_KERNEL_DIGEST "{kernel_digest}"',
        f'#define MISSION_PARAMETER_DIGEST "{parameter_digest}"',
        "",
        "enum {",
        f"    MISSION_DEADLINE_US = {project.config.timing.deadline_us},",
        f"    MISSION_BAUD = {baud(project)[0]},",
        f"    MISSION_PRIORITY = {PRIORITY},",
        f"    MISSION_SAFE = {SAFE}",
        "};",
        "",
        f"#define MISSION_LATEST_US INT64_C({LATEST_US}) /* the kernel takes later times for this one */",
        "",
        *_names("MISSION_MODES", MODE_NAMES),
        *_names("MISSION_CAUSES", CAUSE_NAMES),
        "#endif",
        "",
    ]
    return "\n".join(lines)


def _names(name: str, words: tuple[str, ...]) -> list[str]:
    rows = [f'    "{word}",' for word in words]
    return [f"static const char *const {name}[] = {{", *rows, "};", ""]
