"""Opens a second library beside the one that is loaded, and files that are no good.

  open_libraries.py FIRST SECOND PROGRAM
"""
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from hone_api import HoneError, Library, Model, Session


def refusal(library, path):
    try:
        Model(library, path)
    except HoneError as error:
        return ": ".join(error.args)
    return "no error"


def main():
    first, second, program = sys.argv[1:]
    library = Library(Path(first).resolve())
    logits = []
    for path in (None, second):
        model = Model(library, path)
        session = Session(model, threads=2)
        model.close()  # the session keeps it
        logits.append(session.feed(session.open(), [1, 2, 3]))
        session.close()
    alone = Model(Library(Path(second).resolve()))
    with Session(alone) as session:
        assert np.array_equal(session.feed(session.open(), [1, 2, 3]), logits[1])
    print(f"{second} has {'the same' if np.array_equal(*logits) else 'other'} logits")

    print(refusal(library, "missing.so"))
    print(refusal(library, program))
    data = Path(second).read_bytes()
    Path("cut.so").write_bytes(data[:len(data) // 2])
    print("cut:", refusal(library, "cut.so"))
    version = library.functions.hone_version()
    places = [place for place in range(len(data)) if data.startswith(version + b"\0", place)]
    changed = bytearray(data)
    for place in places:
        changed[place:place + len(version)] = b"9" * len(version)
    # A real one of another version has its own digest: none stands for it here (hone/Support/ProgramNote.h).
    note = data.index(b"hone\0\0\0\0")
    changed[note + 56:note + 64] = bytes(8)
    Path("changed.so").write_bytes(changed)
    print("abi:", refusal(library, "changed.so"))

    # The loader takes what is cut inside the weights; opening its model does not.
    copy = Path("linked.so")
    shutil.copyfile(first, copy)
    with open(copy, "r+b") as file:
        file.truncate(copy.stat().st_size - 100000)
    script = ("import sys; from hone_api import *\n"
              "try: Model(Library(sys.argv[1]))\n"
              "except HoneError as error: print(': '.join(error.args))")
    done = subprocess.run([sys.executable, "-c", script, str(copy.resolve())], capture_output=True, text=True,
                          cwd=Path(__file__).parent)
    print(f"{first}, linked and cut: {done.stdout.strip() or done.stderr.strip() or done.returncode}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
