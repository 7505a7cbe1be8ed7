"""Build the image's steps in a bare root folder, and start the app there as its container would.

No engine is needed, but root. The steps of the `Dockerfile` are carried out in a folder that holds
a system like that of its base (Debian 12 with Python 3.11, as debootstrap makes it, with
`python3-venv` installed as `python`). Then the root is made read-only but for `/data` and `/tmp`,
and, as the image's user without rights: an account is made, the app and its workers are started by
the commands of the image and of `compose.yaml`, health checks asked, the app visited, and one job
carried out.

    python -m tests.image.bare ROOT --database postgresql://... [--bind FOLDER ...] [--port 8501]

`--bind` shows folders of this machine to the root while packages are installed, such as those that
`pip` takes them from. The database is PostGIS, empty, reached from this machine. What was done is
printed; the first step that fails ends it with its output.
"""

# ruff: noqa: T201 - a script that prints what it has proved
import argparse
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import yaml

PROJECT: Final = Path(__file__).resolve().parents[2]
LANES: Final = ("quick", "training", "studies")
PATIENCE_S: Final = 240.0
_WRITABLE: Final = ("data", "tmp")
_SYSTEM: Final = ("proc", "sys", "dev")


class Step(NamedTuple):
    """A line of the Dockerfile: its word, and what follows."""

    word: str
    rest: str


def steps_of(dockerfile: Path) -> list[Step]:
    """Its lines, continued ones joined, comments left out."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [Step(*line.split(maxsplit=1)) for line in lines if line.strip()]


def run(words: Sequence[str], **options: object) -> str:
    """Run a command, and return what it printed.

    Raises:
        SystemExit: It failed.
    """
    ended = subprocess.run(list(words), capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    if ended.returncode != 0:
        raise SystemExit(f"{shlex.join(words)}\n{ended.stdout[-3000:]}{ended.stderr[-3000:]}")
    return str(ended.stdout)


@contextmanager
def mounted(root: Path, folders: Sequence[str]) -> Iterator[None]:
    """Folders of this machine, shown under the same paths in the root, for the block."""
    with ExitStack() as stack:
        for folder in folders:
            target = root / folder.lstrip("/")
            target.mkdir(parents=True, exist_ok=True)
            run(["mount", "--rbind", f"/{folder.lstrip('/')}", str(target)])
            run(["mount", "--make-rslave", str(target)])
            stack.callback(run, ["umount", "--lazy", str(target)])
        yield


def build(root: Path, steps: Sequence[Step], pip: Mapping[str, str]) -> dict[str, str]:
    """Carry out the steps in the root; returns the image's environment."""
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    folder = "/"
    for word, rest in steps:
        if word == "RUN":
            inside = {**environment, **pip, "DEBIAN_FRONTEND": "noninteractive"}
            began = time.monotonic()
            run(["chroot", str(root), "sh", "-ec", f"cd {folder}; {rest}"], env=inside)
            print(f"RUN {rest[:90]}: {time.monotonic() - began:.0f} s", flush=True)
        elif word == "COPY" and not rest.startswith("--from"):  # a stage's own path is ours, too
            *given, target = rest.split()
            into = root / folder.lstrip("/") / target
            for one in given:
                source = PROJECT / one
                if source.is_dir():
                    shutil.copytree(source, into, dirs_exist_ok=True, ignore=_ignored)
                else:
                    into.mkdir(parents=True, exist_ok=True)
                    shutil.copy(source, into)
            print(f"COPY {rest}", flush=True)
        elif word == "WORKDIR":
            folder = rest
            (root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "ENV":
            for one in shlex.split(rest):
                name, _, value = one.partition("=")
                known = {"PIP_EXTRA_INDEX_URL": "", **environment}
                environment[name] = re.sub(
                    r"\$\{?(\w+)\}?", lambda found, known=known: known[found[1]], value
                )
    return environment


def _ignored(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__"]


class Container:
    """The image at work: its user, its root read-only but for `/data` and `/tmp`.

    Args:
        root: Where it was built.
        user: Its number.
        environment: Of every process.
    """

    def __init__(self, root: Path, user: int, environment: Mapping[str, str]) -> None:
        self._root, self._user, self._environment = root, user, environment

    def words(self, *command: str) -> list[str]:
        """A command as a process of the container."""
        held = shlex.quote(str(self._root))
        apart = [f"mount --rbind {held} {held}", f"mount -o remount,ro,bind {held}"]
        apart += [
            f"mount --bind {held}.{name} {held}/{name} && mount -o remount,rw,bind {held}/{name}"
            for name in _WRITABLE
        ]
        who = f"--userspec={self._user}:{self._user}"
        drop = f"exec chroot {who} {held} sh -c 'cd /app && exec \"$@\"' sh {shlex.join(command)}"
        return ["unshare", "--mount", "sh", "-ec", " && ".join([*apart, drop])]

    def run(self, *command: str, given: str = "") -> str:
        """Run a command to its end."""
        return run(self.words(*command), env=dict(self._environment), input=given)

    @contextmanager
    def at_work(self, log: Path, *command: str) -> Iterator[None]:
        """A process for the block; ended as a container is, with SIGTERM and ten seconds."""
        with log.open("ab") as output:
            process = subprocess.Popen(
                self.words(*command),
                env=dict(self._environment),
                stdout=output,
                stderr=output,
            )
        try:
            yield
        finally:
            process.terminate()
            try:
                print(f"{shlex.join(command)}: ended with {process.wait(10)} when told to")
            except subprocess.TimeoutExpired:
                process.kill()
                raise SystemExit(f"{shlex.join(command)} does not end when told to") from None


def answer(address: str) -> tuple[int, bytes]:
    """What an address answers; 0 while nobody does."""
    try:
        with urllib.request.urlopen(address, timeout=5) as found:  # noqa: S310 - our own
            return found.status, found.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def soon(address: str, status: int) -> bytes:
    """What an address answers once it answers so.

    Raises:
        SystemExit: It does not in time.
    """
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found, body = answer(address)
        if found == status:
            return body
        time.sleep(1)
    raise SystemExit(f"{address}: {found}, not {status}")


def prove(container: Container, steps: Sequence[Step], port: int, folder: Path) -> None:
    """Start what compose starts, and look at it."""
    start = json.loads(next(rest for word, rest in steps if word == "CMD"))
    health = json.loads(
        next(rest for word, rest in steps if word == "HEALTHCHECK").partition("CMD ")[2]
    )
    compose = yaml.safe_load((PROJECT / "compose.yaml").read_text())
    script = "import os; print(os.getuid()); open('/app/written', 'w')"
    refused = subprocess.run(
        container.words("python", "-c", script), capture_output=True, text=True, check=False
    )
    if "Read-only file system" not in refused.stderr or refused.stdout.strip() == "0":
        raise SystemExit(f"the root can be written: {refused}")
    print("as a user without rights, on a read-only root")
    password = secrets.token_urlsafe(24)
    container.run("python", "-m", "cli", "user", "add", "anna", given=f"{password}\n{password}\n")
    print("an account made by the command of docs/operations.md")
    start = [str(port) if word == "8501" else word for word in start]
    with ExitStack() as stack:
        for lane in LANES:
            command = compose["services"][f"worker-{lane}"]["command"]
            stack.enter_context(container.at_work(folder / f"{lane}.log", *command))
        stack.enter_context(container.at_work(folder / "app.log", *start))
        address = f"http://127.0.0.1:{port}"
        soon(f"{address}/_stcore/health", 200)
        container.run(*[word.replace(":8501", f":{port}") for word in health])
        print("the image's health check")
        soon(f"{address}/ready", 200)
        container.run(*compose["services"]["worker-quick"]["healthcheck"]["test"][1:])
        print("the workers' health check, and the app says that it is ready")
        if b"Sign in" not in soon(f"{address}/sign-in", 200):
            raise SystemExit("no page to sign in")
        if answer(f"{address}/api/v1/cities")[0] != 401:
            raise SystemExit("the API answers whoever asks")
        print("the page to sign in; the API without a key: 401")
        container.run("python", "-m", "cli", "demo")
        cities = json.loads(container.run("python", "-m", "cli", "--json", "city", "list"))
        print(f"jobs by the workers: {cities[0]['slug']}, {cities[0]['cells']:,} cells, trained")
        container.run("python", "-m", "cli", "backup", "/data/whole.tar")
        print("a backup, with the image's own client of the database")


def main() -> None:
    """Build, then prove."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("root", type=Path)
    options.add_argument("--database", required=True)
    options.add_argument("--bind", nargs="*", default=[])
    options.add_argument("--port", type=int, default=8501)
    options.add_argument("--built", action="store_true", help="the steps were carried out before")
    given = options.parse_args()
    root = given.root.resolve()
    steps = steps_of(PROJECT / "Dockerfile")
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    with mounted(root, [*_SYSTEM, *given.bind]):
        if not given.built:
            python = "command -v python || ln -s /usr/bin/python3 /usr/local/bin/python"
            run(["chroot", str(root), "sh", "-c", python])
        built = steps if not given.built else [step for step in steps if step.word == "ENV"]
        environment = build(root, built, pip)
        user = int(run(["chroot", str(root), "id", "-u", "aether"]))
        for name in _WRITABLE:
            folder = Path(f"{root}.{name}")
            folder.mkdir(exist_ok=True)
            folder.chmod(0o1777)
        environment |= {"AETHER_DATABASE_URL": given.database, "HOME": "/tmp"}  # noqa: S108
        prove(Container(root, user, environment), steps, given.port, root.parent)


if __name__ == "__main__":
    main()
