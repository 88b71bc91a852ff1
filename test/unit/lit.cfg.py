# The GoogleTest programs as a lit suite: each program in build/bin whose name ends in `-tests`, split into shards that
# run in parallel and are reported test by test.
import os

import lit.formats

config.name = "hone-unit-sanitized" if config.hone_sanitize else "hone-unit"
config.test_format = lit.formats.GoogleTest(".", "-tests")
config.test_source_root = config.hone_tools_dir
config.test_exec_root = config.hone_exec_root
config.excludes = []

for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "HONE_CACHE", "HOME", "TMPDIR", "TERM"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
if config.hone_sanitize:
    # libMLIR is not instrumented: it hands out memory of allocators whose pages hone's own code has poisoned.
    options = [config.environment.get("ASAN_OPTIONS"), "allow_user_poisoning=0"]
    config.environment["ASAN_OPTIONS"] = ":".join(filter(None, options))
    config.environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
