"""A target that is not the proved program is refused before its first step."""

from controller.project import Project
from hil.link import Link, TargetError
from hil.messages import Identity
from hil.targets import digests


class TargetRefused(TargetError):
    """The target runs something else."""


def check_identity(link: Link, project: Project) -> Identity:
    """Begin a conversation; what the target says it is.

    Raises TargetRefused where that is not the project's program.
    """
    found = link.begin()
    kernel, parameters = digests(project)
    for what, told, proved in (
        ("kernel", found.kernel_digest, kernel),
        ("parameter table", found.parameter_digest, parameters),
    ):
        if told != proved:
            raise TargetRefused(
                f"{link.name}: runs another {what} (digest {told[:16]}..., the proved one is "
                f"{proved[:16]}...); build and load the proved program"
            )
    return found
