"""Debian's PostgreSQL on loopback, in a directory of its own that goes afterwards."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

INSTALLED = Path("/usr/lib/postgresql")
START_MAX_S = 60.0
USERS = ("postgres", "nobody")


class NoServer(Exception):
    """Why there is none."""


def binaries() -> Path:
    """The folder of the newest installed server's programs."""
    found = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda place: int(place.parts[-3]))
    path = shutil.which("initdb")
    if not found and not path:
        raise NoServer("PostgreSQL is not installed (Debian: apt install postgresql)")
    return found[-1].parent if found else Path(path).resolve().parent


class Server:
    """One cluster with one database for each name that is asked for.

    Parameters
    ----------
    safe : bool
        Sync to disk as in earnest; without it a test is quicker.
    """

    def __init__(self, safe: bool = False) -> None:
        self._bin = binaries()
        self._as = _unprivileged() if os.getuid() == 0 else {}
        self.folder = Path(tempfile.mkdtemp(prefix="lineshaft-pg-"))
        if self._as:
            os.chown(self.folder, self._as["user"], self._as["group"])
        init = ["initdb", "-D", "data", "-U", "lineshaft", "-E", "UTF8", "--locale=C", "-A", "trust", "-N"]
        init += ["--locale-provider=icu", "--icu-locale=en-US"]
        self._run(*init, "--no-instructions")
        self.port = _free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "on" if safe else "off",
            "max_connections": 200,
            "synchronous_commit": "off",
            "log_min_messages": "fatal",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [self._bin / "postgres", "-D", "data", *options],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as,
        )
        self._wait()

    def url(self, schema: str, database: str = "postgres") -> str:
        """The place of a works."""
        return f"postgresql://lineshaft:secret@127.0.0.1:{self.port}/{database}?schema={schema}"

    def stop(self) -> None:
        """End the server at once and remove everything."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        shutil.rmtree(self.folder)

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [self._bin / program, *words], cwd=self.folder, capture_output=True, text=True, **self._as
        )
        if done.returncode:
            raise NoServer(f"{program}: {done.stderr.strip()}")

    def _wait(self) -> None:
        until = time.monotonic() + START_MAX_S
        ready = [self._bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready).returncode:
            if self._process.poll() is not None or time.monotonic() > until:
                raise NoServer("the server does not start")
            time.sleep(0.05)


def _unprivileged() -> dict[str, int | list[int]]:
    """The server refuses to run as root."""
    for name in USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise NoServer(f"none of the users {', '.join(USERS)} is there to run it")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
