"""Disks as small or as closed as a test needs them, in a mount namespace of a child process only."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def why_no_mounts(folder: Path) -> str | None:
    """Return why nothing can be mounted here, or None."""
    if shutil.which("unshare") is None:
        return "unshare is not installed"
    tried = on_small_disk(folder, ["true"], size="200k")
    return None if tried.returncode == 0 else f"nothing can be mounted here: {tried.stderr.strip()}"


def on_small_disk(
    folder: Path, command: Sequence[str], *, size: str, before: str = ":"
) -> subprocess.CompletedProcess[str]:
    """Run a command for which a small disk lies at `folder`; `before` is shell for preparing it."""
    script = f'mount -t tmpfs -o size={size} none "$0" && {before} && exec "$@"'
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, str(folder), *command],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def python(code: str, *arguments: object) -> list[str]:
    """Return the command that runs code in a process of its own."""
    return [sys.executable, "-c", code, *(str(argument) for argument in arguments)]
