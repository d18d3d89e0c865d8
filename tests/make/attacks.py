"""What a hostile model tries when it is loaded or asked, with targets that really are there.

Every attempt is run outside any walls first, where it must succeed: an attack that fails because
its target is missing proves nothing.
"""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SECRET = "nobody-may-read-this"
VARIABLE = "OF_THE_HOST"
_CODE = """
import glob, os, pathlib, socket, time

def attempt(name, deed):
    try:
        deed()
    except BaseException as error:
        print('attack', name, 'stopped by', type(error).__name__, error, flush=True)
        return []
    return [name]

def processes():
    for path in glob.glob('/proc/[0-9]*/environ'):
        try:
            if b'SECRET' in open(path, 'rb').read():
                return
        except OSError:
            pass
    raise PermissionError('no process shows it')

def forks():
    children = []
    try:
        for _ in range(200):
            pid = os.fork()
            if not pid:
                time.sleep(5)
                os._exit(0)
            children.append(pid)
    finally:
        for pid in children:
            os.kill(pid, 9)
            os.waitpid(pid, 0)

def fill():
    path = os.path.join(os.environ.get('TMPDIR', '/tmp'), 'fill')
    with open(path, 'wb', buffering=0) as file:
        try:
            for _ in range(200):
                if file.write(bytes(1_000_000)) < 1_000_000:
                    raise OSError('short write')
        finally:
            os.unlink(path)

def write_the_model():
    own = os.path.dirname(os.path.dirname(globals().get('__file__', '/nowhere/at/all')))
    for folder in ('MODEL', '/model', own):
        if os.path.isdir(folder):
            pathlib.Path(folder, 'planted').write_text('x')
            return
    raise OSError('it cannot be seen')

def attack():
    done = attempt('environment', lambda: os.environ['VARIABLE'])
    done += attempt('processes', processes)
    done += attempt('network', lambda: socket.create_connection(('127.0.0.1', PORT), 3))
    done += attempt('unix socket', lambda: socket.socket(socket.AF_UNIX).connect('LISTENER'))
    done += attempt('database', lambda: open('DATABASE', 'rb').read(1))
    done += attempt('other tenant', lambda: open('OTHERS', 'rb').read(1))
    done += attempt('write outside', lambda: open('OUTSIDE', 'r+b').write(b't'))
    done += attempt('write the model', write_the_model)
    done += attempt('forks', forks)
    done += attempt('program', lambda: os.posix_spawn('/bin/true', ['true'], {}))
    done += attempt('disk', fill)
    return done
"""
NAMES = {"environment", "processes", "network", "unix socket", "database", "other tenant"}
NAMES |= {"write outside", "write the model", "forks", "program", "disk"}


@dataclass(frozen=True)
class Targets:
    """What the attacks go for."""

    port: int
    database: Path
    others: Path
    model: Path
    folder: Path
    """Of the test: holds a file `outside`; what is listened on goes there."""

    def code(self) -> str:
        """Give Python that defines `attack()`: the names of the attempts that succeeded."""
        names = {"SECRET": SECRET, "VARIABLE": VARIABLE, "PORT": str(self.port)}
        names |= {"DATABASE": str(self.database), "OTHERS": str(self.others)}
        names |= {"MODEL": str(self.model), "OUTSIDE": str(self.folder / "outside")}
        names |= {"LISTENER": str(self.folder / "listener")}
        made = _CODE
        for name, value in names.items():
            made = made.replace(name, value)
        return made

    def succeeded_outside(self) -> set[str]:
        """Run all attempts without walls, then undo what they changed."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.folder / "listener"))
            listener.listen()
            line = [sys.executable, "-c", f"{self.code()}\nprint('done:', *attack(), sep='|')"]
            secret = {**os.environ, VARIABLE: SECRET}
            done = subprocess.run(line, env=secret, stdout=-1, text=True, check=True)
        (self.model / "planted").unlink()
        said = next(line for line in done.stdout.splitlines() if line.startswith("done:"))
        return set(said.split("|")[1:])
