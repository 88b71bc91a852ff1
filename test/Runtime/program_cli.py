"""Tries the command line of a program that hone made, as a user would: pipes, files, a terminal, Ctrl-C.

  program_cli.py --program PATH [--bare-program PATH]

The program is the stub model of test/unit/Runtime (its answers are hashes, spelled in small letters), or any other
with a tokenizer and a chat template; what only the stub shows is skipped for others. Standard library only.
"""
import argparse
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ARGUMENTS = None


def run(*arguments, stdin=b"", env=None, program=None, timeout=120):
    command = [program or ARGUMENTS.program, *map(str, arguments)]
    result = subprocess.run(command, input=stdin, capture_output=True, timeout=timeout,
                            env={**os.environ, **(env or {})})
    return result.returncode, result.stdout.decode("utf-8"), result.stderr.decode("utf-8")


class Terminal:
    """The program on a pseudo-terminal: one for its input and messages, a pipe for its standard output."""

    def __init__(self, *arguments, env=None):
        main, side = pty.openpty()
        self.main = main
        self.process = subprocess.Popen([ARGUMENTS.program, *arguments], stdin=side, stderr=side,
                                        stdout=subprocess.PIPE, start_new_session=True, close_fds=True,
                                        preexec_fn=lambda: __import__("fcntl").ioctl(0, 0x540E, 0),  # TIOCSCTTY
                                        env={**os.environ, **(env or {})})
        os.close(side)
        self.screen = b""
        self.answer = b""

    def wait_for(self, predicate, seconds=20):
        end = time.time() + seconds
        sources = [self.main, self.process.stdout.fileno()]
        while not predicate():
            if time.time() > end:
                raise AssertionError(f"timeout; screen {self.screen!r}, answer {self.answer!r}")
            for source in select.select(sources, [], [], 0.1)[0]:
                try:
                    data = os.read(source, 4096)
                except OSError:
                    data = b""
                if not data:
                    sources.remove(source)
                elif source == self.main:
                    self.screen += data
                else:
                    self.answer += data
            if self.process.poll() is not None and not predicate():
                raise AssertionError(f"ended early; screen {self.screen!r}, answer {self.answer!r}")

    def wait_prompt(self, count):
        self.wait_for(lambda: self.screen.count(b"> ") >= count)

    def type(self, text):
        os.write(self.main, text)

    def leave(self):
        status = self.process.wait(20)
        self.process.stdout.close()
        os.close(self.main)
        return status


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.info = json.loads(run("info", "--json")[1])
        self.stub = self.info["architecture"] == "stub"

    def path(self, name, text=None):
        path = os.path.join(self.folder, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def need_stub(self):
        if not self.stub:
            self.skipTest("shown by the stub model only")

    def expect_error(self, message, status, *arguments, **kwargs):
        code, out, err = run(*arguments, **kwargs)
        name = os.path.basename(kwargs.get("program") or ARGUMENTS.program)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertTrue(err.startswith(f"{name}: error: "), err)
        self.assertIn(message, err)
        self.assertEqual((code, out), (status, ""))

    # Answers.

    def test_an_answer_is_alone_on_standard_output_and_ends_with_a_newline(self):
        code, out, err = run("--prompt", "Hello", "--max-tokens", 20)
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.endswith("\n"))
        self.assertGreater(len(out.strip()), 3)

    def test_answers_repeat_and_depend_on_what_was_said(self):
        first = run("--prompt", "Hello", "--max-tokens", 20)
        self.assertEqual(first, run("--prompt", "Hello", "--max-tokens", 20, "--threads", 1))
        self.assertEqual(first, run("--prompt-file", self.path("p", "Hello\n"), "--max-tokens", 20))
        self.assertEqual(first, run("--prompt-file", "-", "--max-tokens", 20, stdin=b"Hello"))
        self.assertNotEqual(first, run("--prompt", "Hello", "--max-tokens", 20, "--system", "Be wild."))
        self.assertNotEqual(first, run("--prompt", "Hello", "--max-tokens", 20, "--raw"))

    def test_seeds(self):
        draw = ("--prompt", "Hello", "--max-tokens", 20, "--temperature", 1.5, "--top-k", 0, "--top-p", 1)
        self.assertEqual(run(*draw, "--seed", 5), run(*draw, "--seed", 5))
        self.assertNotEqual(run(*draw, "--seed", 5), run(*draw, "--seed", 6))
        self.assertNotEqual(run(*draw), run(*draw))

    def test_a_stop_string_ends_the_answer_and_is_not_printed(self):
        whole = run("--prompt", "Hello", "--max-tokens", 20)[1].rstrip("\n")
        stop = whole[6:9]
        out = run("--prompt", "Hello", "--max-tokens", 20, "--stop", "never this", "--stop", stop)[1]
        self.assertEqual(out, whole[:whole.index(stop)] + "\n")

    def test_a_full_context_stops_the_answer_with_a_note(self):
        self.need_stub()
        code, out, err = run("--prompt", "Hello", "--context", 60, env={"HONE_STUB_ENDLESS": "1"})
        self.assertEqual(code, 0)
        self.assertIn("note: the context of 60 tokens is full; the answer stops here\n", err)

    # Refusals.

    def test_bad_prompts(self):
        self.expect_error("the prompt is empty", 1, "--prompt", "")
        self.expect_error("the prompt is empty", 1, "--prompt-file", "-")
        self.expect_error("cannot be opened: No such file", 1, "--prompt-file", self.path("none"))
        self.expect_error("cannot be read: Is a directory", 1, "--prompt-file", self.folder)
        big = self.path("big", "word and " * (self.info["context_length"] + 1))
        self.expect_error(f"tokens but the context holds {self.info['context_length']:,}; shorten it", 1,
                          "--prompt-file", big)
        self.expect_error("tokens but the context holds 5; shorten it or raise '--context'", 1, "--prompt",
                          "a longer prompt", "--context", 5)

    def test_bad_usage(self):
        self.expect_error("did you mean '--temperature'?", 2, "--temprature", 1, "--prompt", "x")
        self.expect_error("expected '--prompt TEXT' or a command", 2)
        self.expect_error("'--threads': expected a whole number", 2, "--threads", "many", "--prompt", "x")
        self.expect_error("unknown command 'caht'; did you mean 'chat'?", 2, "caht")
        self.expect_error("expected a context of at most", 1, "--prompt", "x", "--context", 2000000000)

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([ARGUMENTS.program, "--prompt", "Hello", "--max-tokens", "20"], stdout=full,
                                    stderr=subprocess.PIPE, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"error: standard output: cannot be written: No space left on device", result.stderr)

    def test_a_closed_pipe_ends_the_program(self):
        with subprocess.Popen([ARGUMENTS.program, "--prompt", "Hello", "--max-tokens", "50"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stdout.close()
            self.assertEqual(process.stderr.read(), b"")
            self.assertNotEqual(process.wait(60), 0)

    def test_a_program_without_a_tokenizer(self):
        if not ARGUMENTS.bare_program:
            self.skipTest("no --bare-program")
        bare = ARGUMENTS.bare_program
        self.expect_error("this program has no tokenizer", 1, "--prompt", "x", program=bare)
        self.expect_error("this program has no tokenizer", 1, "chat", program=bare)
        tokens = self.path("tokens", "1 2 3")
        self.assertEqual(run("logits", "--tokens", tokens, "--output", self.path("out"), program=bare)[0], 0)
        self.assertFalse(json.loads(run("info", "--json", program=bare)[1])["tokenizer"])

    def test_help_and_version(self):
        for command in ([], ["chat"], ["bench"], ["info"], ["logits"], ["generate-tokens"]):
            code, out, err = run(*command, "--help")
            self.assertEqual((code, err), (0, ""))
            self.assertIn("for example:", out)
        self.assertIn("made by hone", run("--version")[1])

    # Token ids.

    def test_logits_do_not_depend_on_chunks_or_threads(self):
        count = min(60, self.info["context_length"])
        tokens = self.path("tokens", "\n".join(str(i * 7 % self.info["vocabulary"]) for i in range(count)))
        results = set()
        moving = ["--chunk", 1, "--huge-pages", "on"]
        for name, extra in (("a", []), ("b", ["--chunk", 1]), ("c", ["--chunk", 7, "--threads", 1]), ("d", moving)):
            output = self.path(name)
            self.assertEqual(run("logits", "--tokens", tokens, "--output", output, *extra), (0, "", ""))
            with open(output, "rb") as file:
                results.add(file.read())
        self.assertEqual(len(results), 1)
        data = results.pop()
        vocabulary = self.info["vocabulary"]
        self.assertEqual(len(data), count * vocabulary * 4)
        # The greedy next token is the largest of the last row.
        row = struct.unpack(f"<{vocabulary}f", data[-vocabulary * 4:])
        code, out, _ = run("generate-tokens", "--tokens", tokens, "--max-tokens", 3)
        self.assertEqual(code, 0)
        ids = out.split("\n")
        self.assertEqual((len(ids), int(ids[0])), (4, row.index(max(row))))
        self.assertEqual(sorted(os.listdir(self.folder)), ["a", "b", "c", "d", "tokens"], "no temporary file is left")

    def test_bad_token_files_and_outputs(self):
        output = self.path("out")
        good = self.path("good", "1 2 3")
        vocabulary = self.info["vocabulary"]
        for text, message in (("1 2 x", "token 3: expected a whole number below"), ("", "got an empty file"),
                              (f"1 {vocabulary}", f"token 2: expected a whole number below {vocabulary:,}"),
                              ("-1", "got '-1'"), ("1\0 2", "token 1: expected")):
            self.expect_error(message, 1, "logits", "--tokens", self.path("bad", text), "--output", output)
        self.expect_error("cannot be written: No such file", 1, "logits", "--tokens", good, "--output",
                          self.path("no/such/folder"))
        self.expect_error("cannot be written: Is a directory", 1, "logits", "--tokens", good, "--output", self.folder)
        self.expect_error("cannot be written: No space left", 1, "logits", "--tokens", good, "--output", "/dev/full")
        self.expect_error("'--chunk': expected at most", 1, "logits", "--tokens", good, "--output", output, "--chunk",
                          self.info["max_rows"] + 1)
        self.assertFalse(os.path.exists(output))

    # Chat.

    def test_chat_through_a_pipe(self):
        code, out, err = run("chat", "--max-tokens", 8, stdin=b"Hello\n\nMore\n/reset\nHello")
        self.assertEqual((code, err), (0, ""))
        lines = out.split("\n")
        self.assertEqual(len(lines), 4)
        self.assertEqual(lines[0], lines[2], "/reset starts over")
        self.assertNotEqual(lines[0], lines[1])
        self.assertEqual(lines[0] + "\n", run("--prompt", "Hello", "--max-tokens", 8)[1])

    def test_a_later_turn_is_what_the_whole_conversation_gives(self):
        self.need_stub()
        out = run("chat", "--max-tokens", 8, stdin=b"Hello\nMore\n")[1].split("\n")
        text = (f"<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n{out[0]}<|im_end|>\n"
                "<|im_start|>user\nMore<|im_end|>\n<|im_start|>assistant\n")
        self.assertEqual(out[1] + "\n", run("--raw", "--prompt", text, "--max-tokens", 8)[1])

    def test_chat_says_when_the_context_is_full(self):
        self.need_stub()
        code, out, err = run("chat", "--context", 120, stdin=b"Hello\nMore\n/reset\nHi\n",
                             env={"HONE_STUB_ENDLESS": "1"})
        self.assertEqual(code, 0)
        notes = err.strip().split("\n")
        self.assertIn("the context of 120 tokens is full; the answer stops here, /reset starts over", notes[0])
        self.assertIn("this message was left out, /reset starts over", notes[1])
        self.assertIn("the answer stops here", notes[2])
        self.assertEqual(len(notes), 3)

    def test_chat_on_a_terminal(self):
        terminal = Terminal("chat", "--max-tokens", "8")
        terminal.wait_prompt(1)
        terminal.type(b"Hello\n")
        terminal.wait_prompt(2)
        terminal.wait_for(lambda: terminal.answer.endswith(b"\n"))
        self.assertEqual(terminal.answer.decode(), run("--prompt", "Hello", "--max-tokens", 8)[1])
        terminal.type(b"\x03")
        terminal.wait_for(lambda: b"(Ctrl-C again, Ctrl-D or /exit leaves)" in terminal.screen)
        terminal.type(b"\x03")
        self.assertEqual(terminal.leave(), 0)

    def test_ctrl_d_and_exit_leave(self):
        for text in (b"\x04", b"/exit\n"):
            terminal = Terminal("chat")
            terminal.wait_prompt(1)
            terminal.type(text)
            self.assertEqual(terminal.leave(), 0)

    def test_ctrl_c_stops_the_answer_and_the_conversation_goes_on(self):
        self.need_stub()
        terminal = Terminal("chat", env={"HONE_STUB_ENDLESS": "1", "HONE_STUB_DELAY_US": "20000"})
        terminal.wait_prompt(1)
        terminal.type(b"Hello\n")
        terminal.wait_for(lambda: len(terminal.answer) >= 5)
        begin = time.time()
        terminal.type(b"\x03")
        terminal.wait_prompt(2)
        self.assertLess(time.time() - begin, 2)
        length = len(terminal.answer)
        terminal.type(b"More\n")
        terminal.wait_for(lambda: len(terminal.answer) >= length + 5)
        terminal.type(b"\x03")
        terminal.wait_prompt(3)
        terminal.type(b"\x04")
        self.assertEqual(terminal.leave(), 0)

    def test_ctrl_c_ends_a_single_answer(self):
        self.need_stub()
        with subprocess.Popen([ARGUMENTS.program, "--prompt", "Hello"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, "HONE_STUB_ENDLESS": "1", "HONE_STUB_DELAY_US": "20000"}) as process:
            start = process.stdout.read(3)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        self.assertEqual((process.returncode, err), (130, b""))
        self.assertTrue((start + out).endswith(b"\n"))

    # Figures.

    def test_bench(self):
        if not self.stub and not ARGUMENTS.bench:
            self.skipTest("no --bench")
        code, out, err = run("bench", "--prompt", 30, "--generate", 5, "--threads", 2, "--runs", 3, "--json")
        self.assertEqual((code, err), (0, ""))
        figures = json.loads(out)
        for key in ("prompt_tokens_per_s", "generate_tokens_per_s"):
            spread = figures[key]
            self.assertTrue(0 < spread["min"] <= spread["median"] <= spread["max"], spread)
        for key in ("read_gb_per_s", "weight_bytes_per_token", "first_logits_ms", "peak_rss_mb"):
            self.assertGreater(figures[key], 0, key)
        share = figures["generate_tokens_per_s"]["median"] * figures["weight_bytes_per_token"] / 1e9
        self.assertAlmostEqual(figures["generate_share_of_read"], share / figures["read_gb_per_s"], places=2)
        self.assertEqual((figures["threads"], figures["runs"]), (2, 3))
        self.expect_error("the benchmark has", 1, "bench", "--prompt", self.info["context_length"] + 1)
        self.expect_error("the benchmark has", 1, "bench", "--prompt", 1, "--depth", f"0,{self.info['context_length']}")

    def test_bench_lists_are_measured_in_turn(self):
        self.need_stub()
        options = ("bench", "--prompt", "16,0,30", "--generate", 4, "--depth", "0,20", "--threads", "1,2", "--batch", "1,3",
                   "--runs", 2)
        code, out, err = run(*options, "--json")
        self.assertEqual((code, err), (0, ""))
        rows = json.loads(out)
        tests = [("prompt", 16, 1), ("prompt", 30, 1), ("generate", 4, 1), ("generate", 4, 3)]
        self.assertEqual([(row["threads"], row["depth_tokens"], row["test"], row["tokens"], row["batch"]) for row in rows],
                         [(threads, depth, *test) for threads in (1, 2) for depth in (0, 20) for test in tests])
        for row in rows:
            spread = row["tokens_per_s"]
            self.assertTrue(0 < spread["min"] <= spread["median"] <= spread["max"], spread)
            for key in ("limit_tokens_per_s", "read_gb_per_s", "first_logits_ms", "peak_rss_mb"):
                self.assertGreater(row[key], 0, key)
            self.assertGreaterEqual(row["cpus_used"], 0)
            self.assertEqual("share_of_read" in row, row["test"] == "generate")
        code, out, err = run(*options)
        self.assertEqual((code, err), (0, ""))
        lines = out.split("\n")
        self.assertEqual(sum(line.startswith(("prompt, ", "generation, ")) for line in lines), len(rows))
        self.assertIn("threads", lines[2])
        self.expect_error("'--batch': expected at most 24 sequences, which the program takes in one step, got 25", 1,
                          "bench", "--prompt", 0, "--generate", 1, "--batch", 25)

    def test_bench_profile(self):
        self.need_stub()
        trace = self.path("trace.json")
        options = ("bench", "--prompt", 30, "--generate", 5, "--threads", 2, "--runs", 1)
        code, out, err = run(*options, f"--profile={trace}", "--json")
        self.assertEqual((code, err), (0, ""))
        profile = json.loads(out)["profile"]
        for part, steps in (("prompt", 2), ("generate", 5)):  # The stub takes 24 rows in a step.
            self.assertEqual(profile[part]["steps"], steps)
            kernels = profile[part]["kernels"]
            self.assertEqual({kernel["name"] for kernel in kernels}, {"append", "fold", 'logits "quoted"'})
            self.assertEqual([kernel["calls_per_step"] for kernel in kernels], [1, 1, 1])
            parts = [*kernels, profile[part]["waiting"], profile[part]["between_steps"]]
            self.assertAlmostEqual(sum(each["share"] for each in parts), 1, places=4)
            self.assertAlmostEqual(sum(each["us"] for each in parts) / profile[part]["us"], 1, places=3)
            append = next(kernel for kernel in kernels if kernel["name"] == "append")
            self.assertEqual(append["bytes_per_step"], 1188)
            self.assertEqual(append["operations_per_step"], 100 * (15 if part == "prompt" else 1))
            self.assertEqual(append["arithmetic"], "int16")
        self.check_trace(trace)
        code, out, err = run(*options, "--profile")
        self.assertEqual((code, err), (0, ""))
        for line in ("prompt: 2 steps of ", "generation: 5 steps of ", "append  ", "waiting for workers  ",
                     "between steps  "):
            self.assertIn(f"\n{line}", out)
        self.expect_error("cannot be written: No such file", 1, *options, "--profile=" + self.path("no/trace.json"))
        self.assertEqual(os.listdir(self.folder), ["trace.json"], "no temporary file is left")

    def check_trace(self, path):
        """What ui.perfetto.dev expects: complete events on tracks that have names, none before the one before is over."""
        with open(path, encoding="utf-8") as file:
            events = json.load(file)["traceEvents"]
        names = {(event["pid"], event["tid"]): event["args"]["name"] for event in events if event["name"] == "thread_name"}
        self.assertEqual(names, {(pid, tid): f"worker {tid}" for pid in (1, 2) for tid in (0, 1)})
        self.assertEqual([event["args"]["name"] for event in events if event["name"] == "process_name"],
                         ["prompt", "generation"])
        ends = {}
        for event in events:
            if event["ph"] != "X":
                self.assertEqual(event["ph"], "M")
                continue
            track = event["pid"], event["tid"]
            self.assertIn(track, names)
            self.assertGreaterEqual(event["dur"], 0)
            self.assertGreaterEqual(event["ts"], ends.get(track, 0) - 0.002)  # Both are rounded to nanoseconds.
            ends[track] = event["ts"] + event["dur"]
        calls = [event for event in events if event.get("cat") == "kernel"]
        self.assertEqual(len(calls), (2 + 5) * 4 * 2)
        self.assertEqual({event["args"]["call"] for event in calls}, {0, 1, 2, 3})
        self.assertEqual({event["args"].get("weight") for event in calls}, {"first.weight", "third.weight", None})
        self.assertTrue(any(event.get("cat") == "wait" for event in events))

    def test_bench_compares_two_programs(self):
        self.need_stub()
        other = ARGUMENTS.bare_program or ARGUMENTS.program
        options = ("bench", "--prompt", 16, "--generate", 3, "--threads", 1, "--runs", 2)
        code, out, err = run(*options, "--compare", other, "--json")
        self.assertEqual((code, err), (0, ""))
        figures = json.loads(out)
        self.assertEqual(figures["programs"], [os.path.basename(ARGUMENTS.program), other])
        self.assertEqual(figures["rounds"], 2)
        for key in ("prompt_tokens_per_s", "generate_tokens_per_s", "first_logits_ms", "peak_rss_mb"):
            for side in ("first", "second"):
                spread = figures[key][side]
                self.assertTrue(0 < spread["min"] <= spread["median"] <= spread["max"], spread)
            ratio = figures[key]["first"]["median"] / figures[key]["second"]["median"]
            # All three are rounded, and one side may have lost its CPU for a while.
            self.assertAlmostEqual(figures[key]["ratio"], ratio, delta=1e-4 + ratio / 20)
        code, out, err = run("bench", "--prompt", 0, "--generate", 3, "--runs", 1, "--compare", other)
        self.assertEqual((code, err), (0, ""))
        self.assertIn("generation, 3 tokens", out)
        self.assertNotIn("prompt, ", out)
        self.assertIn(" ratio ", out)
        self.expect_error("cannot be started: No such file", 1, *options, "--compare", self.path("none"))
        code, out, err = run(*options, "--compare", "/bin/false")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("'/bin/false bench' ended with exit status 1; a program that hone made is expected", err)

    def test_info(self):
        code, out, err = run("info")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("x86-64-v3", out)
        self.assertEqual(sum(e["tensors"] for e in self.info["encodings"]) > 0, True)
        if self.stub:
            self.assertEqual(self.info["name"], 'Stub "quoted"')


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--bare-program", help="the same without a tokenizer")
    parser.add_argument("--bench", action="store_true", help="run bench on a program that is not the stub, too")
    ARGUMENTS, rest = parser.parse_known_args()
    ARGUMENTS.program = os.path.abspath(ARGUMENTS.program)
    unittest.main(argv=[sys.argv[0], *rest])
