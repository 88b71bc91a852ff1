"""Builds the programs of docs/library.md as a user does, against an installed hone, and runs them.

The blocks of code are taken from the document: each C program is the one block after a paragraph that begins with its
name in quotes, `CMakeLists.txt` is the block of CMake, and the compiler's command is a line of a block of sh.

Exit status: 0, all built and ran; 1, something failed and was named.

  build_examples.py --prefix P --model M --folder F --cc CC [--cmake-argument A ...]
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "library.md"
PROGRAM = re.compile(r"`(\w+\.c)`[^`]*\n```c\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CMAKE = re.compile(r"^```cmake\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^cc .*$", re.MULTILINE)


def run(command, folder, **variables):
    """Standard output of a command that must succeed and say nothing on standard error."""
    done = subprocess.run(command, cwd=folder, shell=isinstance(command, str), capture_output=True, text=True,
                          env={**os.environ, **variables}, errors="replace")
    shown = command if isinstance(command, str) else " ".join(map(str, command))
    if done.returncode != 0:
        sys.exit(f"error: '{shown}' failed with exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def check_output(name, text):
    """The last line of each program counts what it did."""
    expected = {"answer": r"\(\d+ tokens read, \d+ written\)", "choices": r"\(\d+ of \d+ pages\)"}[name]
    lines = text.splitlines()
    if not lines or not re.fullmatch(expected, lines[-1]):
        sys.exit(f"error: expected '{expected}' as the last line of '{name}', got {text!r}")
    print(f"{name}: {lines[-1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prefix", type=Path, required=True, help="where hone is installed")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="to work in; emptied")
    parser.add_argument("--cc", required=True, help="the C compiler")
    options = parser.parse_args()
    prefix, folder = options.prefix.resolve(), options.folder.resolve()
    text = DOCUMENT.read_text()
    programs = dict(PROGRAM.findall(text))
    if set(programs) != {"answer.c", "choices.c"}:
        sys.exit(f"error: {DOCUMENT}: expected programs 'answer.c' and 'choices.c', got {sorted(programs)}")

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, program in programs.items():
        (folder / name).write_text(program)
    shutil.copyfile(options.model, folder / "MODEL.gguf")
    hone = prefix / "bin" / "hone"

    # With CMake.
    lists = CMAKE.search(text)[1].replace("2048", "256")
    (folder / "CMakeLists.txt").write_text(
        lists + "add_executable(choices choices.c)\ntarget_link_libraries(choices PRIVATE smollm2)\n")
    run(["cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}",
         f"-DCMAKE_C_COMPILER={options.cc}", "-DCMAKE_C_FLAGS=-std=c11 -Wall -Wextra -pedantic -Werror"], folder)
    run(["cmake", "--build", folder / "build"], folder)
    built = run(["cmake", "--build", folder / "build"], folder)
    if "no work to do" not in built:
        sys.exit(f"error: expected nothing to do in a second build, got {built!r}")
    for name in ("answer", "choices"):
        check_output(name, run([folder / "build" / name], folder))

    # With pkg-config, by the command of the document.
    run([hone, "compile", "MODEL.gguf", "--emit=shared", "-o", "libsmollm2.so"], folder)
    command = COMMAND.search(text)[0]
    for name in ("answer", "choices"):
        run(command.replace("cc answer.c", f"{options.cc} {name}.c").replace("-o answer", f"-o {name}"), folder,
            PKG_CONFIG_PATH=str(prefix / "lib" / "pkgconfig"))
        check_output(name, run([folder / name], folder))
    version = run(["pkg-config", "--modversion", "hone"], folder, PKG_CONFIG_PATH=str(prefix / "lib" / "pkgconfig"))
    print(f"hone {version.strip()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
