"""What flies: the kernel, its printed C, and all that brings samples to it and commands from it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from controller.controller import Controller

__all__ = ["Controller"]


def __getattr__(name: str) -> Any:
    """Controller, imported when it is asked for, so that the kernel alone needs no other package."""
    if name == "Controller":
        from controller.controller import Controller

        return Controller
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
