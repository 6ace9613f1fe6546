"""What a command reads whole has a limit that its sentence names; within it, memory is bounded."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import MakeConfig
from ..front_door import SMSCTL, Ran

MOST_MIB = 110  # smsctl itself takes 30
_MEASURED = (
    "import resource, subprocess, sys\n"
    "done = subprocess.run(sys.argv[1:])\n"
    "print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)\n"
    "sys.exit(done.returncode)"
)


def measured(*argv: object) -> tuple[Ran, int]:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *SMSCTL, *map(str, argv)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    out, _, peak = done.stdout.rpartition("peak ")
    return Ran(code=done.returncode, out=out, err=done.stderr), int(peak)


def _numbers(path: Path, size: int) -> None:
    path.write_text("".join(f"+46701{n:06}\n" for n in range(size // 13)))


def _nodes(path: Path, size: int) -> None:
    path.write_text("invoice_node;parts\n" + "".join(f"node{n:09};1\n" for n in range(size // 16 - 2)))


READ_WHOLE = (
    ("block import", _numbers, 1),
    ("invoices compare", _nodes, 2),
)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is counted in KiB on Linux only")
@pytest.mark.parametrize(("command", "fill", "most_mb"), READ_WHOLE, ids=[one for one, _, _ in READ_WHOLE])
def test_a_file_at_the_limit_takes_little_memory_and_one_beyond_is_refused(
    command: str, fill: "object", most_mb: int, make_config: MakeConfig, tmp_path: Path
) -> None:
    config, file = make_config(), tmp_path / "file"
    assert callable(fill)
    fill(file, most_mb << 20)
    assert file.stat().st_size > (most_mb << 20) * 0.9
    ran, peak_mib = measured("--config", config, *command.split(), file)
    assert "Traceback" not in ran.said
    assert "larger" not in ran.said
    assert peak_mib < MOST_MIB
    with file.open("ab") as more:
        more.truncate(60 << 20)
    ran, peak_mib = measured("--config", config, *command.split(), file)
    assert ran.code == 8
    assert f"larger than {most_mb} MB" in ran.err
    assert peak_mib < MOST_MIB


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is counted in KiB on Linux only")
def test_a_large_file_of_reports_is_taken_in_pieces(make_config: MakeConfig, tmp_path: Path) -> None:
    config, file = make_config(), tmp_path / "reports.json"
    one = {"customerMessageReference": "x-1", "statusCode": "0", "statusDescription": "å" * 12_000}
    file.write_text(json.dumps({"dr": [one] * 3_000}, ensure_ascii=False), encoding="utf-8")
    assert file.stat().st_size > 60 << 20
    ran, peak_mib = measured("--config", config, "reports", "import", file, "--json")
    assert (ran.code, ran.data["reports"]) == (0, {"unmatched": 3_000})
    assert peak_mib < MOST_MIB


def test_the_measure_can_fail() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    subprocess.run([sys.executable, "-c", "bytearray(200 << 20)"], check=True)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >= max(before, MOST_MIB * 1024)
