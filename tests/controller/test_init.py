"""The package's one name, and a kernel that needs nothing else."""

import subprocess
import sys


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
