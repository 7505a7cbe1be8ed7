"""A log without room, and one that has grown long: the process that writes to it goes on."""

import subprocess
import sys
from pathlib import Path

from workflows.home.log_output import KEPT, LONGEST_BYTES, rotate

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


def test_a_long_log_is_begun_anew_under_its_writers(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    assert not rotate(log)
    with log.open("ab") as writer:
        for number in range(KEPT + 2):
            writer.write(f"{number}".encode() * (LONGEST_BYTES + 1))
            writer.flush()
            assert rotate(log)
        writer.write(b"more")
        writer.flush()
        assert not rotate(log)
    assert log.read_bytes() == b"more"
    parts = sorted(path.name for path in tmp_path.glob("worker.log.*"))
    assert parts == [f"worker.log.{number}" for number in range(1, KEPT + 1)]
    assert (tmp_path / "worker.log.1").read_bytes()[:1] == str(KEPT + 1).encode()
