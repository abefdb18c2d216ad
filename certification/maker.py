"""What made a pack: Seawall by version, commit and digest of its code, the machine, the compiler.

Without names of hosts, users or folders: those say nothing about evidence.
"""

import json
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from certification.canonical import listing_digest
from certification.code import installed_digests
from controller.errors import InputError
from controller.native import build

ROOT = Path(__file__).resolve().parent.parent
KEYS = {"version", "commit", "digest"}
NO_COMMIT = "not known"
NOT_INSTALLED = "source"


def seawall() -> dict[str, str]:
    """version, commit (of the checkout, else of the installed package, else "not known") and digest."""
    return {"version": version(), "commit": _checkout(ROOT) or _installed() or NO_COMMIT, "digest": digest()}


def version() -> str:
    """Seawall's version; NOT_INSTALLED where it runs from its sources."""
    try:
        return distribution("seawall").version
    except PackageNotFoundError:
        return NOT_INSTALLED


def digest(root: Path = ROOT) -> str:
    """SHA-256 over all of Seawall's files that are installed, as sha256sum lists them."""
    return listing_digest(installed_digests(root))


def _checkout(root: Path) -> str:
    """The commit of the checkout that this code is, with a word where its files were changed; else ""."""
    if not (root / ".git").exists():
        return ""
    commit = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=normal")
    if not commit or changed == "":
        return commit or ""
    return f"{commit}, with changes" if changed else f"{commit}, perhaps with changes (git can't tell)"


def _git(root: Path, *words: str) -> str | None:
    """What git prints; None where it fails."""
    # In a hook of another repository GIT_DIR and its like name that one.
    plain = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words],
            capture_output=True, text=True, check=False, timeout=60, env=plain,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _installed() -> str:
    """The commit that pip notes of a package that it installed from a repository; else ""."""
    try:
        noted = json.loads(distribution("seawall").read_text("direct_url.json") or "{}")
        return str(noted.get("vcs_info", {}).get("commit_id", ""))
    except (PackageNotFoundError, ValueError, AttributeError):
        return ""


def host() -> dict[str, str]:
    """The maker's machine: system, processor, cores, Python, and the compiler of what runs on it."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": f"{platform.machine()}, {_processor()}",
        "cores": str(os.cpu_count() or 1),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "compiler": _compiler(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith(("model name", "Model"))]
    return names[0] if names else "model not known"


def _compiler() -> str:
    """The first line of its version, and how it is asked to compile."""
    try:
        command = build.here()
        driver = command[: len(build.compiler())]
        said = build.run([*driver, "--version"], Path("/")).splitlines()
    except InputError as fault:
        return f"none ({fault})"
    return f"{said[0] if said else 'not known'}; {' '.join(command[len(driver) :])}"
