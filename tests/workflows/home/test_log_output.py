"""A log without room: the process that writes to it goes on."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CODE = """
import logging, sys, warnings
import structlog
from workflows.home.log_output import forgive_full_disk
forgive_full_disk()
structlog.get_logger().info("job taken", number=1)
print("a library", flush=True)
warnings.warn("another")
logging.getLogger("x").error("a third")
with open(sys.argv[1], "w") as done:
    done.write("done")
print("at the end")
"""


def test_a_process_whose_log_is_full_does_its_work(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        code = subprocess.run(
            [sys.executable, "-c", CODE, str(tmp_path / "out")],
            cwd=ROOT,
            stdout=full,
            stderr=full,
            check=False,
        ).returncode
    assert code == 0
    assert (tmp_path / "out").read_text() == "done"


def test_with_room_all_is_written(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "job taken" in done.stdout
    assert "at the end" in done.stdout
    assert "a third" in done.stderr
