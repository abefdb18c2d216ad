"""What a file is, by its first bytes: one of another kind is told by its name, not by its first odd byte.

The signatures are those of the formats' own specifications, as file(1) lists them.
"""

HEAD = 64  # bytes that are looked at
ZIP = b"PK\x03\x04"
PACKED = {  # how it begins: what it is, and what unpacks it
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"BZh": ("bzip2", "bunzip2"),
    b"\xfd7zXZ\0": ("xz", "unxz"),
    b"\x28\xb5\x2f\xfd": ("Zstandard", "unzstd"),
    b"\x04\x22\x4d\x18": ("LZ4", "unlz4"),
    b"7z\xbc\xaf\x27\x1c": ("7-Zip", "7z x"),
    ZIP: ("a zip archive", "unzip"),
}
BINARY = {
    b"\x93NUMPY": "one numpy array (npy)",
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow (Feather)",
    b"\x89HDF\r\n\x1a\n": "HDF5",
    b"CDF": "netCDF",
    b"MATLAB 5.0 MAT-file": "a MATLAB file",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office document",
    b"SQLite format 3\0": "an SQLite database",
    b"#ROSBAG": "a ROS bag",
    b"\x89MCAP0\r\n": "MCAP",
    b"%PDF": "PDF",
    b"\x7fELF": "a program (ELF)",
    b"version https://git-lfs": "a pointer of Git LFS",
}
TEXTS = {  # the longer mark first: UTF-32's begins as UTF-16's does
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))


def other_than(wanted: str, data: bytes) -> str:
    """What a file that begins with `data` is, where that is no UTF-8 text, and the fix; "" where it may be.

    wanted: what it should be, in a word or two, such as "CSV".
    """
    head = data[:HEAD]
    if not head:
        return f"is empty; give a file in {wanted}"
    for magic, (what, tool) in PACKED.items():
        if head.startswith(magic):
            return f"is {what}, not {wanted}; unpack it first ({tool})"
    for magic, what in BINARY.items():
        if head.startswith(magic):
            mend = "fetch the file itself (git lfs pull)" if "Git LFS" in what else f"export it as {wanted}"
            return f"is {what}, not {wanted}; {mend}"
    if head.startswith(PICKLES):
        return f"is a pickle, not {wanted}; export it as {wanted}"
    return _encoded(head) or (f"is binary, not {wanted}; export it as {wanted}" if _binary(head) else "")


def _encoded(head: bytes) -> str:
    found = next((name for mark, name in TEXTS.items() if head.startswith(mark)), "")
    halves = head[: len(head) // 2 * 2]
    if (
        not found
        and len(halves) >= 8
        and any(not any(halves[n::2]) and all(halves[1 - n :: 2]) for n in (0, 1))
    ):
        found = "UTF-16"
    return f"is text in {found}; save it as UTF-8" if found else ""


def _binary(head: bytes) -> bool:
    """A control character that no text begins with, those of lines, tabs and pages aside."""
    return any(byte < 9 or 13 < byte < 32 for byte in head[:16])
