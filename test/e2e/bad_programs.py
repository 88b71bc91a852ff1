"""Hands damaged and foreign files to everything that takes a program or a library.

Programs go to `hone run`, `hone bench` and `hone inspect`, libraries to hone_model_open, all of them in a process of their
own. Each must be refused with exit status 1 and exactly one line that names the file. A program that is cut is started
directly, too: the system refuses it, or it says so itself. Nothing may end by a signal. A changed bit in what the digest
does not cover, such as the section headers, may go unnoticed if it does no harm.

Exit status: 0, all as expected; 1, something was not and was named.

  bad_programs.py --program P --library L --folder DIR
"""
import argparse
import errno
import os
import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path

LIBRARY_FOLDER = Path(__file__).resolve().parent.parent / "Library"
SECONDS = 60
# Opens the libraries whose paths it reads, and says what came of it.
OPEN = """
import sys
from hone_api import HoneError, Library, Model
library = Library(sys.argv[1])
for path in sys.stdin:
    try:
        Model(library, path.strip()).close()
        print("opened", flush=True)
    except HoneError as error:
        print("error: ", *error.args, flush=True)
"""
failures = []


def fail(what, detail):
    print(f"FAILED: {what}: {detail}", flush=True)
    failures.append(what)


class Elf:
    """Where things lie in a file of hone."""

    def __init__(self, data):
        self.data = data
        self.header_bytes = 64 + 56 * struct.unpack_from("<H", data, 56)[0]
        loads = []
        for at in range(64, self.header_bytes, 56):
            kind, _, offset, _, _, size, _, _ = struct.unpack_from("<IIQQQQQQ", data, at)
            if kind == 1:
                loads.append((offset, size))
        self.weights, self.loaded = loads[-1][0], sum(loads[-1])
        # The last segment before the weights ends what must be whole for a start.
        self.front = sum(loads[-2])
        self.segments = loads[:-1]


class Result:
    def __init__(self, returncode, stderr):
        self.returncode, self.stderr = returncode, stderr


class Opener:
    """hone_model_open of another process, which is started again if a file has ended it."""

    def __init__(self, library):
        self.command = [sys.executable, "-c", OPEN, str(library.resolve())]
        self.process = None

    def open(self, path):
        if self.process is None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if line:
            return Result(int(not line.startswith("opened")), line)
        status, self.process = self.process.wait(), None
        return Result(status, "")


def run(command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, errors="replace",
                          timeout=SECONDS, stdin=subprocess.DEVNULL)


def attempts(options, path, is_library, with_bench=True):
    """What the file is given to, and what came of it."""
    yield "hone_model_open", options.opener.open(path)
    if not is_library:
        yield "hone run", run(["hone", "run", path, "generate-tokens", "--tokens", options.folder / "tokens",
                               "--max-tokens", 2])
    if not is_library and with_bench:
        yield "hone bench", run(["hone", "bench", path, "--prompt", 1, "--generate", 1, "--runs", 1])
    yield "hone inspect", run(["hone", "inspect", path])


def write_program(path, data):
    """Under a new inode: what was opened before may still be mapped."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    path.chmod(0o755)


def check_refused(what, path, result, harmless=False):
    lines = result.stderr.splitlines()
    if harmless and result.returncode == 0:
        return
    if result.returncode != 1 or len(lines) != 1 or "error: " not in lines[0] or str(path.name) not in lines[0]:
        fail(what, f"expected exit status 1 and one line that names {path.name}, got {result.returncode} and "
                   f"{result.stderr[-300:]!r}")


def check_foreign(options, elf):
    """Files that hone did not make."""
    folder = options.folder
    header = bytearray(elf.data[:4096])
    narrow, arm, relocatable = bytearray(header), bytearray(header), bytearray(header)
    narrow[4] = 1
    struct.pack_into("<H", arm, 18, 183)
    struct.pack_into("<H", relocatable, 16, 1)
    layout = bytearray(elf.data)
    layout[layout.index(b"hone\0\0\0\0") + 8] = 99
    libc = next(line.split()[-1] for line in open("/proc/self/maps") if "/libc." in line or "/libc-" in line)
    for name, content in {"empty": b"", "text": b"#!/bin/sh\necho hello\n", "narrow": narrow, "arm": arm, "layout": layout,
                          "relocatable": relocatable, "tool": Path("/bin/true").read_bytes(),
                          "libc": Path(libc).read_bytes()}.items():
        write_program(folder / name, content)
    (folder / "directory").mkdir(exist_ok=True)
    os.mkfifo(folder / "pipe")
    for name in ("empty", "text", "narrow", "arm", "layout", "relocatable", "tool", "libc", "directory", "pipe", "missing"):
        for attempt, result in attempts(options, folder / name, False):
            check_refused(f"{name}, {attempt}", folder / name, result)
    print("foreign files are refused")


def check_start(what, path):
    """A program started directly: the system says no, or it does."""
    try:
        result = run([path, "--version"])
    except OSError as error:
        if error.errno not in (errno.ENOEXEC, errno.EIO):
            fail(what, f"expected 'exec format' or 'input/output' error, got {error}")
        return
    check_refused(what, path, result)


def check_cut(options, source, is_library, choose):
    elf = Elf(source.read_bytes())
    places = [1, 3, 63, 64, elf.header_bytes - 1, elf.header_bytes, 4096, elf.front - 1, elf.front, elf.weights - 1,
              elf.weights, elf.loaded - 1]
    places += sorted(choose.randrange(elf.front) for _ in range(6))
    path = options.folder / f"cut-{source.name}"
    for length in places:
        write_program(path, elf.data[:length])
        for name, result in attempts(options, path, is_library):
            check_refused(f"cut to {length} bytes of {len(elf.data)}, {name}", path, result)
        if not is_library:
            check_start(f"cut to {length} bytes of {len(elf.data)}, started", path)
    print(f"{source.name} is refused wherever it is cut")


def check_flipped(options, source, is_library, choose):
    elf = Elf(source.read_bytes())
    places = [choose.randrange(elf.header_bytes) for _ in range(40)]
    for offset, size in elf.segments:
        first = max(offset, elf.header_bytes)
        places += [choose.randrange(first, offset + size) for _ in range(12)]
    note = elf.data.index(b"hone\0\0\0\0")
    places += [choose.randrange(note, note + 64) for _ in range(8)]
    path = options.folder / f"flipped-{source.name}"
    for place in places:
        data = bytearray(elf.data)
        data[place] ^= 1 << choose.randrange(8)
        write_program(path, data)
        for name, result in attempts(options, path, is_library, with_bench=False):
            check_refused(f"byte {place} of {len(data)} changed, {name}", path, result, place < elf.header_bytes)
    print(f"{source.name} is refused, whichever bit is changed")


def check_whole(options):
    """What is not damaged is taken, and so is what a distribution's tools leave of it."""
    for tool in ("cp", "llvm-strip", "llvm-objcopy --strip-sections"):
        for source, is_library in ((options.program, False), (options.library, True)):
            path = options.folder / "whole"
            write_program(path, source.read_bytes())
            if tool != "cp":
                run([*tool.split(), path])
            for name, result in attempts(options, path, is_library):
                if result.returncode and (is_library or name != "hone_model_open"):
                    fail(f"{source.name} after {tool}, {name}", f"expected it to be taken, got {result.stderr!r}")
    print("whole files are taken")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--library", type=Path, required=True, help="of the same model")
    parser.add_argument("--folder", type=Path, required=True, help="for damaged files; emptied first")
    parser.add_argument("--seed", type=int, default=1, help="which bits are changed")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(LIBRARY_FOLDER)
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    (options.folder / "tokens").write_text("1 2 3")
    options.opener = Opener(options.library)
    choose = random.Random(options.seed)
    check_whole(options)
    check_foreign(options, Elf(options.program.read_bytes()))
    for source, is_library in ((options.program, False), (options.library, True)):
        check_cut(options, source, is_library, choose)
        check_flipped(options, source, is_library, choose)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
