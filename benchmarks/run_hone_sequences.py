# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tokens per second of several sequences that a library made by `hone compile --emit=shared` generates in the same steps.

Each sequence begins with one token of its own and is given --generate greedy ones, as llama-batched-bench does with random
ones; twice, and the first does not count. Choosing the tokens is part of the time. Prints JSON.

  run_hone_sequences.py libmodel.so --sequences 8 --generate 128 --threads 2

Exit status: 0; 1 with one line where the library does not do it.
"""
import argparse
import ctypes
import json
import os
import sys
import time


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 508)]


class ModelInfo(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("name", ctypes.c_char_p), ("architecture", ctypes.c_char_p),
                ("parameters", ctypes.c_uint64), ("weight_bytes", ctypes.c_uint64), ("vocabulary", ctypes.c_uint32),
                ("context_length", ctypes.c_uint32), ("max_rows", ctypes.c_uint32), ("page_positions", ctypes.c_uint32),
                ("page_bytes", ctypes.c_uint64), ("bos_token", ctypes.c_int32), ("eos_token", ctypes.c_int32),
                ("has_tokenizer", ctypes.c_int32), ("has_chat_template", ctypes.c_int32)]


class SessionOptions(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("threads", ctypes.c_uint32), ("context", ctypes.c_uint32),
                ("sequences", ctypes.c_uint32), ("step_rows", ctypes.c_uint32), ("page_limit", ctypes.c_uint64)]


class Row(ctypes.Structure):
    _fields_ = [("sequence", ctypes.c_int32), ("token", ctypes.c_int32), ("position", ctypes.c_int32),
                ("wants_logits", ctypes.c_int32)]


class Model:
    """The C API of include/hone-rt/hone.h, as far as it is needed here."""

    def __init__(self, path, options):
        self.library = ctypes.CDLL(os.path.abspath(path))
        self.model, self.session, self.sampler = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
        self.call("hone_model_open", None, ctypes.byref(self.model))
        info = ModelInfo(size=ctypes.sizeof(ModelInfo))
        self.call("hone_model_get_info", self.model, ctypes.byref(info))
        self.vocabulary = info.vocabulary
        wanted = SessionOptions(size=ctypes.sizeof(SessionOptions), threads=options.threads, sequences=options.sequences,
                                context=options.generate)
        self.call("hone_session_open", self.model, ctypes.byref(wanted), ctypes.byref(self.session))
        self.call("hone_sampler_create", None, ctypes.byref(self.sampler))

    def call(self, name, *arguments):
        error = Error()
        if getattr(self.library, name)(*arguments, ctypes.byref(error)) != 0:
            sys.exit(f"run_hone_sequences: error: {name}: {error.message.decode()}")

    def seconds(self, sequences, count):
        """Of `count` steps, each of which advances all of `sequences` new sequences by a token."""
        rows, token = (Row * sequences)(), ctypes.c_int32()
        logits = (ctypes.c_float * (sequences * self.vocabulary))()
        for place, row in enumerate(rows):
            number = ctypes.c_int32()
            self.call("hone_sequence_open", self.session, ctypes.byref(number))
            row.sequence, row.token, row.position, row.wants_logits = number.value, place, -1, 1
        begin = time.perf_counter()
        for _ in range(count):
            self.call("hone_session_step", self.session, rows, ctypes.c_size_t(sequences), logits,
                      ctypes.c_size_t(sequences))
            for place, row in enumerate(rows):
                own = ctypes.byref(logits, place * self.vocabulary * ctypes.sizeof(ctypes.c_float))
                self.call("hone_sampler_sample", self.sampler, own, ctypes.c_size_t(self.vocabulary), None,
                          ctypes.c_size_t(0), ctypes.byref(token))
                row.token = token.value
        end = time.perf_counter()
        for row in rows:
            self.call("hone_sequence_close", self.session, row.sequence)
        return end - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", metavar="LIBRARY")
    parser.add_argument("--threads", type=int, default=2, help="default 2")
    parser.add_argument("--sequences", type=int, default=8, help="default 8")
    parser.add_argument("--generate", type=int, default=128, help="tokens of each sequence, default 128")
    options = parser.parse_args()
    try:
        model = Model(options.library, options)
    except (OSError, AttributeError) as error:
        sys.exit(f"run_hone_sequences: error: expected a library made by hone compile --emit=shared, got: {error}")
    for _ in range(2):
        seconds = model.seconds(options.sequences, options.generate)
    print(json.dumps({"sequences": options.sequences * options.generate / seconds}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
