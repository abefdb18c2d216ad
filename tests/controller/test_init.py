"""The package's one name, and a kernel that needs nothing else."""

import subprocess
import sys
from pathlib import Path

from setuptools.config.pyprojecttoml import read_configuration


def test_controller_is_there_and_the_kernel_alone_imports_nothing_else() -> None:
    code = (
        "import sys, controller.kernel.step\n"
        "assert not {'pydantic', 'numpy', 'serial'} & sys.modules.keys()\n"
        "from controller import Controller\n"
        "assert Controller.__module__ == 'controller.controller'\n"
        "try:\n    controller.Nothing\nexcept AttributeError:\n    print('well')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "well\n", done.stderr


def test_the_package_can_be_built_as_its_file_says() -> None:
    """A table with a key that is none of its own stops every installation."""
    found = read_configuration(Path(__file__).parents[2] / "pyproject.toml", expand=False)
    assert found["tool"]["setuptools"]["py-modules"] == ["seawall"]
