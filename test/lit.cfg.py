# How lit runs the tests of hone. Run `ninja -C build check-hone`, or one folder or file:
#   lit -sv build/test --filter fuse-qkv
#
# Substitutions: %python (with the modules of test/requirements.txt where scripts/install-dependencies ran), %model
# (the GGUF file that scripts/fetch_model.py fetches), %hone_src, %hone_bin (folder of the built programs),
# %hone_build (folder of the build), %cc, %cxx.
# Features for REQUIRES: compiler, model, sanitizers, avx2, avx-vnni, avx512vnni, amx, gpu, qemu, pkg-config, cmake,
# ninja, cxx (the compiler that hone was built with), user-namespaces, and python-<module> for each module of
# PYTHON_MODULES. A test that lacks one is reported as unsupported, with the feature's name.
import os
import shutil
import subprocess
import sys

import lit.formats

# Those that tests import, by the name that Python imports.
PYTHON_MODULES = ["gguf", "jinja2", "llama_cpp", "matplotlib", "numpy", "tokenizers"]
# CPU flags of /proc/cpuinfo that make an x86 level of hone runnable.
ISA_LEVELS = {"avx2": {"avx2", "fma", "f16c"}, "avx-vnni": {"avx2", "avx_vnni"},
              "avx512vnni": {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"},
              "amx": {"avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8", "amx_bf16"}}

config.name = "hone"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.hone_binary_root, "test")
config.environment["PATH"] = os.pathsep.join(
    [config.hone_tools_dir, config.llvm_tools_dir, os.environ.get("PATH", "/usr/bin:/bin")])
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "HONE_CACHE", "HONE_MODEL", "HONE_PYTHON", "HOME", "TMPDIR"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
# Modules that tests import leave no files in the source tree.
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"


def cache_folder():
    return os.environ.get("HONE_CACHE") or os.path.join(os.path.expanduser("~"), ".cache", "hone")


def find_python():
    """$HONE_PYTHON; else that of the environment that scripts/install-dependencies made; else the one lit runs in."""
    made = os.path.join(cache_folder(), "venv", "bin", "python")
    return os.environ.get("HONE_PYTHON") or (made if os.path.exists(made) else sys.executable)


def python_modules(python):
    """The modules of PYTHON_MODULES that `python` finds."""
    program = ("import importlib.util, sys\n"
               "print(*[name for name in sys.argv[1:] if importlib.util.find_spec(name)])")
    result = subprocess.run([python, "-c", program, *PYTHON_MODULES], capture_output=True, text=True)
    if result.returncode != 0:
        lit_config.warning(f"{python}: expected it to list its modules, got: {result.stderr.strip()}")
    return result.stdout.split()


def find_model():
    """$HONE_MODEL, else the file that scripts/fetch_model.py left in the cache, else None. Fetches nothing."""
    if os.environ.get("HONE_MODEL"):
        return os.path.abspath(os.environ["HONE_MODEL"])
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.join(config.hone_source_root, "scripts"))
    import fetch_model
    sys.path.pop(0)
    files = fetch_model.MODELS[fetch_model.DEFAULT][2]
    path = os.path.join(cache_folder(), "models", fetch_model.DEFAULT, next(iter(files)))
    return path if os.path.exists(path) else None


def cpu_flags():
    try:
        with open("/proc/cpuinfo") as file:
            return next((set(line.split(":")[1].split()) for line in file if line.startswith("flags")), set())
    except OSError:
        return set()


def is_on(value):
    return value.upper() in ("ON", "1", "TRUE", "YES")


python = find_python()
model = find_model()
config.substitutions += [("%python", f'"{python}"'), ("%hone_src", config.hone_source_root),
                         ("%hone_bin", config.hone_tools_dir), ("%hone_build", config.hone_binary_root),
                         ("%cc", config.hone_c_compiler), ("%cxx", config.hone_cxx_compiler)]
config.available_features |= {f"python-{name}" for name in python_modules(python)}
flags = cpu_flags()
config.available_features |= {level for level, needed in ISA_LEVELS.items() if needed <= flags}
if model and os.path.exists(model):
    config.substitutions.append(("%model", f'"{model}"'))
    config.available_features.add("model")
else:
    # Only in tests that require the model, which do not run then.
    config.substitutions.append(("%model", "model-is-missing"))
for program, feature in (("qemu-x86_64", "qemu"), ("pkg-config", "pkg-config"), ("cmake", "cmake"), ("ninja", "ninja"),
                         (config.hone_cxx_compiler, "cxx")):
    if shutil.which(program):
        config.available_features.add(feature)
if shutil.which("unshare") and subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode == 0:
    config.available_features.add("user-namespaces")
if os.path.exists("/dev/nvidia0"):
    config.available_features.add("gpu")
if config.hone_sanitize:
    config.name = "hone-sanitized"
    # libMLIR is not instrumented: it hands out memory of allocators whose pages hone's own code has poisoned.
    options = [config.environment.get("ASAN_OPTIONS"), "allow_user_poisoning=0"]
    config.environment["ASAN_OPTIONS"] = ":".join(filter(None, options))
    config.environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    config.available_features.add("sanitizers")
else:
    config.excludes.append("Sanitizers")
if is_on(config.hone_build_compiler):
    config.available_features.add("compiler")
else:
    config.excludes += ["dialects", "transforms", "codegen", "Equivalence", "Import", "Weights", "Package", "Driver", "Library", "tools"]
