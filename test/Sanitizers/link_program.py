"""Compiles a model and links its code with a runtime that has sanitizers, in place of the one that hone carries.

The object comes from `hone compile --emit=object`; weights and tokenizer are cut out of the program that `hone compile`
writes, and become sections of another object.

  link_program.py --model M --folder F --cxx CXX --libraries FOLDER [--examples]

Writes F/program, as hone links it, and F/sanitized; with --examples also the programs of docs/library.md, linked as
F/sanitized is, and F/overflow, one of them with an error that the sanitizers of the runtime must find. Exit status: 0,
or 1 where something failed.
"""
import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "Library"))
import build_examples  # noqa: E402

# As lib/Package/SectionObject.cpp: the sections that the runtime finds by their symbols, and the note of hone's files.
SECTIONS = """
.section .hone.{name}, "a"
.balign 4096
.globl hone_{name}_begin, hone_{name}_end
hone_{name}_begin:
.incbin "{file}"
hone_{name}_end:
"""
NOTE = """
.section .note.hone, "a", @note
.balign 4
.long 5, 48, 1
.asciz "hone"
.balign 4
.zero 48
.section .note.GNU-stack, "", @progbits
"""


def run(*command):
    command = list(map(str, command))
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        sys.exit(f"error: '{' '.join(command)}' failed with exit status {done.returncode}\n{done.stdout}\n{done.stderr}")


def write_objects(model, folder):
    """The model's code and its sections, as files of `folder` to link, and the program that hone makes of it."""
    run("hone", "compile", model, "-o", folder / "program")
    run("hone", "compile", model, "--emit=object", "-o", folder / "model.o")
    files = {name: folder / f"{name}.bin" for name in ("weights", "tokenizer")}
    run("llvm-objcopy", *(f"--dump-section=.hone.{name}={file}" for name, file in files.items()), folder / "program",
        "/dev/null")
    sections = [SECTIONS.format(name=name, file=file) for name, file in files.items()]
    (folder / "sections.s").write_text("".join([*sections, NOTE]))
    return [folder / "model.o", folder / "sections.s"]


def example_programs():
    """{name: source in C} of docs/library.md, and of `answer` with memory for one token less than it asks for."""
    found = dict(build_examples.PROGRAM.findall(build_examples.DOCUMENT.read_text()))
    right, wrong = "malloc(count * sizeof *tokens)", "malloc((count - 1) * sizeof *tokens)"
    if right not in found["answer.c"]:
        sys.exit(f"error: {build_examples.DOCUMENT}: expected '{right}' in answer.c, got none")
    return {**found, "overflow.c": found["answer.c"].replace(right, wrong)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="to write into")
    parser.add_argument("--cxx", required=True, help="clang")
    parser.add_argument("--libraries", type=Path, required=True, help="of a build with sanitizers")
    parser.add_argument("--examples", action="store_true", help="link the programs of docs/library.md too")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    objects = write_objects(options.model, folder)

    # The archive of the runtime has a `main`, which the linker takes where none is before it.
    programs = {"sanitized": []}
    for name, source in example_programs().items() if options.examples else ():
        (folder / name).write_text(source)
        programs[Path(name).stem] = ["-x", "c", folder / name, "-x", "none"]
    archives = [options.libraries / f"libHone{library}.a" for library in ("Runtime", "Text", "Support")]
    for name, main_source in programs.items():
        run(options.cxx, "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fuse-ld=lld",
            f"-I{ROOT / 'include'}", *main_source, *objects, *archives, "-o", folder / name)


if __name__ == "__main__":
    main()
