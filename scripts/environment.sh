# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What the scripts share; sourced by them. Sets `root` (the repository), `cache` (kept outside of it) and `python`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${HONE_CACHE:-${HOME:-$(cd ~ && pwd)}/.cache/hone}
cache=${cache%/}
venv=$cache/venv
script=$(basename "$0")

say() { printf '%s: %s\n' "$script" "$*" >&2; }
fail() {
  say "error: $*"
  exit 1
}

# The Python of the environment that install-dependencies makes, or the system's.
find_python() {
  if [ -x "$venv/bin/python" ]; then
    printf '%s\n' "$venv/bin/python"
  else
    command -v python3 || fail "expected python3 on PATH, got none; run scripts/install-dependencies"
  fi
}

# make_environment FOLDER REQUIREMENTS: a Python environment with the packages of that file; nothing if it has them already.
make_environment() {
  local folder=$1 wanted=$2
  mkdir -p "$cache"
  (
    flock 9 # Another clone may be doing the same.
    if ! cmp -s "$wanted" "$folder/requirements.txt"; then
      say "installing the Python packages of ${wanted#"$root"/} into $folder"
      rm -f "$folder/requirements.txt"
      /usr/bin/python3 -m venv "$folder" && "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
        --requirement "$wanted" </dev/null && cp "$wanted" "$folder/requirements.txt"
    fi
  ) 9>"$folder.lock"
}

# Objects of another clone are found: paths below the repository are hashed as relative ones.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
# And those that use precompiled headers (preset asan).
export CCACHE_SLOPPINESS=pch_defines,time_macros
