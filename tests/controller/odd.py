"""Libraries that set this processor's floating-point state as they are loaded, as -ffast-math's do."""

import subprocess
from pathlib import Path

FLUSH = """
#if defined(__x86_64__)
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | {x86});
#else
    unsigned long state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    __asm__ volatile("msr fpcr, %0" : : "r"(state | 1UL << 24));
#endif
"""
# a state in words, as a user is told it, and the C that enters it
STATES = {
    "rounds upwards": "fesetround(FE_UPWARD);",
    "rounds downwards": "fesetround(FE_DOWNWARD);",
    "rounds towards zero": "fesetround(FE_TOWARDZERO);",
    "flushes subnormal numbers to zero": FLUSH.format(x86="0x8040"),
}
PARTS = {  # flushed only as results, only as operands
    "results": FLUSH.format(x86="0x8000"),
    "operands": FLUSH.format(x86="0x0040"),
}


def odd_library(folder: Path, state: str) -> Path:
    """A shared library whose loading enters this state (of STATES or PARTS)."""
    source, library = folder / "odd.c", folder / "odd.so"
    body = (STATES | PARTS)[state]
    text = f"#include <fenv.h>\n__attribute__((constructor)) static void enter(void)\n{{\n{body}\n}}\n"
    source.write_text(text, encoding="utf-8")
    subprocess.run(["cc", "-shared", "-fPIC", str(source), "-o", str(library), "-lm"], check=True)
    return library
