"""What made a pack: the commit of a checkout, whether it was changed, the digest of what is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from certification import maker


def git(root: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    return subprocess.run(
        ["git", "-C", str(root), *who, *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_a_checkout_is_named_by_its_commit_and_whether_it_was_changed(tmp_path: Path) -> None:
    assert maker._checkout(tmp_path) == ""
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("x = 1\n")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-qm", "one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert maker._checkout(tmp_path) == commit
    (tmp_path / "a.py").write_text("x = 2\n")
    assert maker._checkout(tmp_path) == f"{commit}, with changes"
    git(tmp_path, "checkout", "-q", "a.py")
    git(tmp_path, "config", "status.showUntrackedFiles", "no")
    (tmp_path / "b.py").write_text("x = 3\n")
    assert maker._checkout(tmp_path) == f"{commit}, with changes"
    (tmp_path / ".git" / "index").write_bytes(b"no index")
    assert maker._checkout(tmp_path) == f"{commit}, perhaps with changes (git can't tell)"


def test_another_repository_that_the_environment_names_is_not_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a hook of the user's own repository, where git sets GIT_DIR."""
    commits = []
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
        git(tmp_path / name, "init", "-q")
        git(tmp_path / name, "commit", "-qm", name, "--allow-empty")
        commits.append(git(tmp_path / name, "rev-parse", "HEAD"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "theirs" / ".git"))
    assert maker._checkout(tmp_path / "ours") == commits[0]


def test_the_digest_changes_with_any_file_of_the_code(tmp_path: Path) -> None:
    for name in ("certification", "hil"):
        shutil.copytree(maker.ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    before = maker.digest(tmp_path)
    style = tmp_path / "certification" / "report" / "page.css"
    style.write_text(style.read_text() + " ")
    assert before != maker.digest(tmp_path) != maker.digest()


def test_the_host_has_no_name_and_no_folder() -> None:
    said = maker.host()
    assert set(said) == {"system", "processor", "cores", "python", "compiler"} and all(said.values())
    assert not any(word.startswith("/") for value in said.values() for word in value.split())
    assert not any(Path.home().name in value.split() for value in said.values())
