"""Runs a compiled program through its test interface: `logits` and `generate-tokens`."""
import shlex
import subprocess
import tempfile
from pathlib import Path

import numpy as np


class ProgramError(Exception):
    """The program could not be run, failed, or printed what its interface does not allow."""


class Program:
    """`command` is a path, or a command line in quotes. `timeout` in seconds holds for each run."""

    def __init__(self, command, timeout=600):
        self.command = shlex.split(str(command))
        self.timeout = timeout

    def _run(self, arguments):
        command = self.command + [str(argument) for argument in arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=self.timeout, errors="replace")
        except OSError as error:
            raise ProgramError(f"'{command[0]}' does not start: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise ProgramError(f"'{shlex.join(command)}' ran for more than {self.timeout} s") from None
        if done.returncode != 0:
            tail = "\n".join(done.stderr.strip().splitlines()[-5:])
            raise ProgramError(f"expected exit status 0, got {done.returncode} from '{shlex.join(command)}'\n{tail}")
        return done.stdout

    def logits(self, tokens, vocab, threads=None, chunk=None):
        """f32 [len(tokens), vocab] after each token. The file is mapped and already unlinked."""
        with tempfile.TemporaryDirectory(prefix="hone-e2e-") as directory:
            ids, output = Path(directory, "tokens.txt"), Path(directory, "logits.f32")
            ids.write_text(" ".join(map(str, tokens)) + "\n")
            self._run(["logits", "--tokens", ids, "--output", output, *self._options(threads, chunk)])
            if not output.exists():
                raise ProgramError("expected 'logits' to write its --output file, got none")
            expected = len(tokens) * vocab * 4
            if output.stat().st_size != expected:
                raise ProgramError(f"expected {expected} bytes of logits ({len(tokens)} positions of {vocab}), "
                                   f"got {output.stat().st_size}")
            return np.memmap(output, "<f4", "r", shape=(len(tokens), vocab))

    def greedy(self, tokens, max_tokens, threads=None):
        """The ids that `generate-tokens` prints at temperature 0."""
        with tempfile.TemporaryDirectory(prefix="hone-e2e-") as directory:
            ids = Path(directory, "tokens.txt")
            ids.write_text(" ".join(map(str, tokens)) + "\n")
            output = self._run(["generate-tokens", "--tokens", ids, "--max-tokens", max_tokens, "--temperature", 0,
                                *self._options(threads, None)])
        try:
            return [int(line) for line in output.splitlines()]
        except ValueError:
            raise ProgramError(f"expected one token id per line, got '{output[:200]}'") from None

    @staticmethod
    def _options(threads, chunk):
        options = ["--threads", threads] if threads else []
        return options + (["--chunk", chunk] if chunk else [])
