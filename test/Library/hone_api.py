"""The C API of include/hone-rt/hone.h through ctypes."""
import ctypes
from ctypes import POINTER, Structure, byref, c_char_p, c_double, c_int, c_int32, c_size_t, c_uint32, c_uint64, c_void_p

import numpy as np

NEXT = -1
BOS, SPECIAL = 1, 2
CALLBACK = ctypes.CFUNCTYPE(c_int, c_void_p, c_int32, c_char_p, c_size_t)
ENDS = ("model", "stop string", "max tokens", "context full", "callback", "cancelled")


class Error(Structure):
    _fields_ = [("status", c_int), ("message", ctypes.c_char * 508)]


class Sized(Structure):
    """A structure that begins with its size."""

    def __init__(self, **values):
        super().__init__(size=ctypes.sizeof(self), **values)


class ModelInfo(Sized):
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("architecture", c_char_p), ("parameters", c_uint64),
                ("weight_bytes", c_uint64), ("vocabulary", c_uint32), ("context_length", c_uint32),
                ("max_rows", c_uint32), ("page_positions", c_uint32), ("page_bytes", c_uint64), ("bos_token", c_int32),
                ("eos_token", c_int32), ("has_tokenizer", c_int32), ("has_chat_template", c_int32)]


class SessionOptions(Sized):
    _fields_ = [("size", c_size_t), ("threads", c_uint32), ("context", c_uint32), ("sequences", c_uint32),
                ("step_rows", c_uint32), ("page_limit", c_uint64)]


class SessionInfo(Sized):
    _fields_ = [("size", c_size_t), ("threads", c_uint32), ("context", c_uint32), ("sequences", c_uint32),
                ("step_rows", c_uint32), ("page_limit", c_uint64), ("pages_in_use", c_uint64)]


class SamplerOptions(Sized):
    _fields_ = [("size", c_size_t), ("temperature", c_double), ("top_p", c_double), ("min_p", c_double),
                ("repeat_penalty", c_double), ("top_k", c_uint32), ("reserved", c_uint32), ("seed", c_uint64)]


class GenerateOptions(Sized):
    _fields_ = [("size", c_size_t), ("max_tokens", c_uint64), ("sampler", c_void_p), ("stops", POINTER(c_char_p)),
                ("stop_count", c_size_t), ("callback", CALLBACK), ("context", c_void_p)]


class GenerateResult(Sized):
    _fields_ = [("size", c_size_t), ("tokens", c_uint64), ("end", c_int)]


class Row(Structure):
    _fields_ = [("sequence", c_int32), ("token", c_int32), ("position", c_int32), ("wants_logits", c_int32)]


class Message(Structure):
    _fields_ = [("role", c_char_p), ("content", c_char_p)]


class HoneError(Exception):
    """A status that is not HONE_OK: `args` are its name and its text."""


class Library:
    """A library made by `hone compile --emit=shared`."""

    def __init__(self, path):
        self.functions = ctypes.CDLL(str(path))
        self.functions.hone_status_name.restype = c_char_p
        self.functions.hone_version.restype = c_char_p

    def call(self, name, *arguments):
        error = Error()
        status = getattr(self.functions, name)(*arguments, byref(error))
        assert status == error.status, (name, status, error.status)
        if status:
            raise HoneError(self.functions.hone_status_name(status).decode(), error.message.decode())


class Model:
    """`path`: of another library; None is the one that was loaded."""

    def __init__(self, library, path=None):
        self.library, self.handle = library, c_void_p()
        library.call("hone_model_open", None if path is None else str(path).encode(), byref(self.handle))
        self.info = ModelInfo()
        library.call("hone_model_get_info", self.handle, byref(self.info))

    def close(self):
        self.library.functions.hone_model_close(self.handle)

    def text(self, name, *arguments):
        size = c_size_t()
        self.library.call(name, self.handle, *arguments, None, c_size_t(0), byref(size))
        buffer = ctypes.create_string_buffer(size.value + 1)
        self.library.call(name, self.handle, *arguments, buffer, c_size_t(size.value + 1), byref(size))
        return buffer.raw[:size.value]

    def tokenize(self, text, flags=BOS | SPECIAL):
        data, count = text.encode(), c_size_t()
        self.library.call("hone_tokenize", self.handle, data, c_size_t(len(data)), c_uint32(flags), None, c_size_t(0),
                          byref(count))
        tokens = (c_int32 * count.value)()
        self.library.call("hone_tokenize", self.handle, data, c_size_t(len(data)), c_uint32(flags), tokens, count,
                          byref(count))
        return list(tokens)

    def detokenize(self, tokens):
        return self.text("hone_detokenize", (c_int32 * len(tokens))(*tokens), c_size_t(len(tokens))).decode()

    def chat(self, *messages):
        array = (Message * len(messages))(*[Message(role.encode(), content.encode()) for role, content in messages])
        return self.text("hone_apply_chat_template", array, c_size_t(len(messages)), c_int(1)).decode()


class Session:
    def __init__(self, model, **options):
        self.model, self.library, self.handle = model, model.library, c_void_p()
        self.library.call("hone_session_open", model.handle, byref(SessionOptions(**options)), byref(self.handle))

    def close(self):
        self.library.functions.hone_session_close(self.handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def cancel(self):
        self.library.functions.hone_session_cancel(self.handle)

    def resume(self):
        self.library.functions.hone_session_resume(self.handle)

    def info(self):
        info = SessionInfo()
        self.library.call("hone_session_get_info", self.handle, byref(info))
        return info

    def open(self):
        sequence = c_int32()
        self.library.call("hone_sequence_open", self.handle, byref(sequence))
        return sequence.value

    def fork(self, sequence):
        fork = c_int32()
        self.library.call("hone_sequence_fork", self.handle, c_int32(sequence), byref(fork))
        return fork.value

    def trim(self, sequence, length):
        self.library.call("hone_sequence_trim", self.handle, c_int32(sequence), c_uint32(length))

    def length(self, sequence):
        length = c_uint32()
        self.library.call("hone_sequence_length", self.handle, c_int32(sequence), byref(length))
        return length.value

    def close_sequence(self, sequence):
        self.library.call("hone_sequence_close", self.handle, c_int32(sequence))

    def step(self, rows):
        """`rows`: (sequence, token, position, wants logits). The logits, [rows that want them, vocabulary]."""
        array = (Row * len(rows))(*[Row(*row) for row in rows])
        wanted = sum(bool(row[3]) for row in rows)
        logits = np.full((wanted, self.model.info.vocabulary), np.nan, np.float32)
        self.library.call("hone_session_step", self.handle, array, c_size_t(len(rows)),
                          logits.ctypes.data_as(c_void_p) if wanted else None, c_size_t(wanted))
        return logits

    def feed(self, sequence, tokens):
        """Appends tokens to one sequence; the logits after each."""
        return self.step([(sequence, token, NEXT, 1) for token in tokens])

    def generate(self, sequence, tokens, callback=None, stops=(), **options):
        """(end, number of tokens). `callback(token, text)` ends it by returning something true."""
        def receive(_, token, text, size):
            assert len(text) == size
            return 1 if callback and callback(token, text.decode()) else 0
        function = CALLBACK(receive)
        array = (c_char_p * len(stops))(*[stop.encode() for stop in stops])
        given = GenerateOptions(callback=function, stops=array if stops else None, stop_count=len(stops), **options)
        result = GenerateResult()
        self.library.call("hone_generate", self.handle, c_int32(sequence), (c_int32 * len(tokens))(*tokens),
                          c_size_t(len(tokens)), byref(given), byref(result))
        return ENDS[result.end], result.tokens
