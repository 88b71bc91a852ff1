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
    config.environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
