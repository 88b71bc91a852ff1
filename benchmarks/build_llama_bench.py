# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds llama.cpp's own benchmark, `llama-bench`, for this machine, and prints where it lies.

The source is the package llama-cpp-python of PyPI, downloaded by name with pip and compared with its recorded SHA-256; only
`llama-bench`, `llama-batched-bench` and `llama-quantize` are built, optimised for this CPU (-O3 -march=native), with OpenMP
where the compiler has it. They are kept together in `$HONE_CACHE/llama-bench`, or `~/.cache/hone/llama-bench`, in a folder
whose name holds for one version, one compiler and one CPU; a call that was cut off is gone on with by the next.

  build_llama_bench.py                    with $CC and $CXX, else GCC, else clang-22
  build_llama_bench.py --cc clang-22 --cxx clang++-22 --no-openmp --jobs 8

Exit status: 0; 1 where the download or the build failed. Needs cmake, ninja, a C++17 compiler and pip; uses ccache.
"""
import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "0.3.36"
ARCHIVE = f"llama_cpp_python-{VERSION}.tar.gz"
SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
PROGRAMS = ["llama-bench", "llama-batched-bench", "llama-quantize"]
INSIDE = f"llama_cpp_python-{VERSION}/vendor/llama.cpp/"
OPTIONS = ["CMAKE_BUILD_TYPE=Release", "BUILD_SHARED_LIBS=OFF", "GGML_NATIVE=ON", "GGML_CCACHE=OFF",
           "LLAMA_BUILD_TESTS=OFF", "LLAMA_BUILD_EXAMPLES=OFF", "LLAMA_BUILD_SERVER=OFF", "LLAMA_BUILD_APP=OFF",
           "LLAMA_BUILD_UI=OFF", "LLAMA_USE_PREBUILT_UI=OFF", "LLAMA_OPENSSL=OFF", "LLAMA_BUILD_NUMBER=0",
           f"LLAMA_BUILD_COMMIT=llama-cpp-python-{VERSION}"]


def say(message):
    print(f"build_llama_bench: {message}", file=sys.stderr, flush=True)


def fail(message):
    print(f"build_llama_bench: error: {message}", file=sys.stderr)
    sys.exit(1)


def cache_folder():
    return Path(os.environ.get("HONE_CACHE") or Path.home() / ".cache" / "hone") / "llama-bench"


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_tool(name, package):
    path = shutil.which(name)
    if not path:
        fail(f"expected '{name}' on PATH, got none; install {package} and try again")
    return path


def compiler_version(compiler):
    result = subprocess.run([compiler, "--version"], capture_output=True, text=True)
    if result.returncode != 0 or not result.stdout:
        fail(f"expected '{compiler} --version' to work, got exit status {result.returncode}")
    return result.stdout.splitlines()[0]


def cpu_flags():
    """What -march=native depends on."""
    with open("/proc/cpuinfo") as file:
        lines = file.read().split("\n\n")[0].splitlines()
    return sorted(line for line in lines if line.split("\t")[0] in ("cpu family", "model", "flags"))


def fetch_archive(folder):
    """The package's source in `folder`; downloaded unless the recorded file is there."""
    archive = folder / ARCHIVE
    if archive.is_file() and sha256(archive) == SHA256:
        return archive
    say(f"pip download llama-cpp-python=={VERSION} (77 MB)")
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as temporary:
        # With its hash in a file of requirements, pip runs nothing of another archive.
        wanted = Path(temporary, "requirements.txt")
        wanted.write_text(f"llama-cpp-python=={VERSION} --hash=sha256:{SHA256}\n")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", "llama-cpp-python",
                   "--require-hashes", "--no-cache-dir", "--disable-pip-version-check",
                   *([] if sys.stderr.isatty() else ["--quiet"]), "--dest", temporary, "--requirement", str(wanted)]
        if subprocess.run(command, stdout=sys.stderr).returncode != 0:
            fail(f"pip could not download 'llama-cpp-python=={VERSION}'; check the network and pip's index, then try again")
        got = sha256(Path(temporary, ARCHIVE)) if Path(temporary, ARCHIVE).is_file() else "no such file"
        if got != SHA256:
            fail(f"'{ARCHIVE}': expected SHA-256 {SHA256}, got {got}")
        os.rename(Path(temporary, ARCHIVE), archive)
    return archive


def unpack(archive, folder):
    """llama.cpp's files, in `folder` in one step."""
    if folder.is_dir():
        return
    say(f"unpacking {archive.name}")
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    with tarfile.open(archive) as package:
        for member in package:
            name = member.name.removeprefix(INSIDE)
            if member.isfile() and name != member.name and name != ".git":
                target = part / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with package.extractfile(member) as source, open(target, "wb") as sink:
                    shutil.copyfileobj(source, sink)
    os.rename(part, folder)


def run_step(command, log, environment):
    """Runs `command`; its output goes to the terminal, if there is one, and else to `log`."""
    say(" ".join(map(str, command)))
    if sys.stderr.isatty():
        status = subprocess.run(command, stdout=sys.stderr, env=environment).returncode
        lines = []
    else:
        with open(log, "w") as file:
            status = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, env=environment).returncode
        lines = log.read_text(errors="replace").splitlines()[-20:]
    if status != 0:
        print(*lines, sep="\n", file=sys.stderr)
        fail(f"'{command[0]}' of llama.cpp failed with exit status {status}; the folder is '{log.parent}'")


def build(work, archive, settings, options):
    """The folder of the programs, built below `work`."""
    source, built = work / "source", work / "build"
    unpack(archive, source)
    environment = {**os.environ, "CCACHE_BASEDIR": str(work), "CCACHE_NOHASHDIR": "1"}
    settings = [*settings, f"CMAKE_C_COMPILER={options.cc}", f"CMAKE_CXX_COMPILER={options.cxx}"]
    if shutil.which("ccache"):
        settings += ["CMAKE_C_COMPILER_LAUNCHER=ccache", "CMAKE_CXX_COMPILER_LAUNCHER=ccache"]
    run_step(["cmake", "-G", "Ninja", "-S", str(source), "-B", str(built), *(f"-D{setting}" for setting in settings)],
             work / "configure.log", environment)
    run_step(["ninja", "-C", str(built), "-j", str(options.jobs), *PROGRAMS], work / "build.log", environment)
    return built / "bin"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cc, cxx = ("gcc", "g++") if shutil.which("g++") else ("clang-22", "clang++-22")
    parser.add_argument("--cc", default=os.environ.get("CC") or cc, help="C compiler; default $CC, else gcc or clang-22")
    parser.add_argument("--cxx", default=os.environ.get("CXX") or cxx, help="C++ compiler, likewise from $CXX")
    parser.add_argument("--no-openmp", action="store_true", help="llama.cpp's own threads instead of OpenMP's")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="default: the usable CPUs")
    options = parser.parse_args()
    if options.jobs < 1:
        parser.error(f"expected --jobs from 1, got {options.jobs}")
    find_tool(options.cc, "a C compiler")
    find_tool(options.cxx, "a C++ compiler")
    versions = {"cc": compiler_version(options.cc), "cxx": compiler_version(options.cxx)}
    settings = [*OPTIONS, f"GGML_OPENMP={'OFF' if options.no_openmp else 'ON'}"]
    key = hashlib.sha256(json.dumps([SHA256, PROGRAMS, settings, versions, cpu_flags()]).encode()).hexdigest()[:12]
    cache = cache_folder()
    result = cache / f"{VERSION}-{key}"
    if not (result / "llama-bench").is_file():
        find_tool("cmake", "CMake 3.14 or later")
        find_tool("ninja", "ninja-build")
        cache.mkdir(parents=True, exist_ok=True)
        with open(cache / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # Another call may be building the same.
            if not (result / "llama-bench").is_file():
                work = cache / f"{VERSION}-{key}.work"
                work.mkdir(exist_ok=True)
                say(f"building llama-bench with {versions['cxx']}")
                built = build(work, fetch_archive(cache), settings, options)
                for program in PROGRAMS:
                    shutil.copy2(built / program, work / program)
                about = {"package": f"llama-cpp-python {VERSION}", "compiler": versions["cxx"], "options": settings}
                (work / "about.json").write_text(json.dumps(about, indent=2) + "\n")
                for folder in ("source", "build"):
                    shutil.rmtree(work / folder)
                os.rename(work, result)
        say(f"kept in {result}")
    print(result / "llama-bench")
    return 0


if __name__ == "__main__":
    sys.exit(main())
