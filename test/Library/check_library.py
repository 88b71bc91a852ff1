"""Uses a compiled model through the C API: batches, forks, trims, limits, cancellation and generation.

What is compared is compared bit for bit. Logits are also those of the program that was compiled from the same model.

Exit status: 0, all as expected; 1, something was not and was named.

  check_library.py --library L --program P
"""
import argparse
import sys
import threading
import time
from pathlib import Path

import numpy as np

from hone_api import NEXT, HoneError, Library, Model, Session

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from program import Program  # noqa: E402

TEXTS = ("The capital of France is", "def fibonacci(n):\n    if n < 2:\n        return n\n    return",
         "Once upon a time, in a land far away where the rivers ran uphill and the moon never set, there lived a "
         "clockmaker who had forgotten how to tell the time. Every morning she opened her shop and asked the first "
         "visitor what hour it was, and every visitor gave another answer, and she wrote each of them down in a book that had no last page. One "
         "winter evening a stranger came who did not answer.", "Paris")
failures = []


def expect(what, condition, detail=""):
    print(f"{'ok' if condition else 'FAILED'}: {what}{f' ({detail})' if detail else ''}", flush=True)
    if not condition:
        failures.append(what)


def same(one, other):
    return one.shape == other.shape and not (one.view(np.uint32) != other.view(np.uint32)).any()


def expect_error(what, status, text, call):
    try:
        call()
    except HoneError as error:
        expect(what, error.args[0] == status and text in error.args[1], ": ".join(error.args))
    else:
        expect(what, False, "no error")


def check_bits(model, prompts, program=None):
    """One reference per prompt: the whole prompt alone, by one thread. `program`: of the same model."""
    alone = []
    with Session(model, threads=1) as session:
        sequence = session.open()
        for prompt in prompts:
            alone.append(session.feed(sequence, prompt))
            session.trim(sequence, 0)
    for name, prompt, logits in zip("abcd", prompts, alone if program else ()):
        expect(f"prompt {name} has the program's logits",
               same(np.asarray(program.logits(prompt, model.info.vocabulary)), logits), f"{len(prompt)} tokens")

    for threads in (1, 2, 4):
        with Session(model, threads=threads, sequences=len(prompts)) as session:
            sequences = [session.open() for _ in prompts]
            # All in one step, row by row in turns, so that the sequences end at different rows.
            order = sorted((position, i) for i, prompt in enumerate(prompts) for position in range(len(prompt)))
            logits = session.step([(sequences[i], prompts[i][position], position, 1) for position, i in order])
            for i, name in enumerate("abcd"[:len(prompts)]):
                mine = logits[[row for row, (_, owner) in enumerate(order) if owner == i]]
                expect(f"prompt {name} beside the others, {threads} threads", same(mine, alone[i]))
            longest = max(range(len(prompts)), key=lambda i: len(prompts[i]))
            for chunk in (1, 7, 64, 1000):
                session.trim(sequences[longest], 0)
                parts = [session.feed(sequences[longest], prompts[longest][begin:begin + chunk])
                         for begin in range(0, len(prompts[longest]), chunk)]
                expect(f"the longest in pieces of {chunk}, {threads} threads",
                       same(np.concatenate(parts), alone[longest]))
    # A decoding step of several sequences, which share no length.
    with Session(model, sequences=len(prompts)) as session:
        for prompt in prompts:
            session.feed(session.open(), prompt[:-1])
        logits = session.step([(i, prompt[-1], len(prompt) - 1, 1) for i, prompt in enumerate(prompts)])
        expect("one token for each of several lengths", all(same(logits[i], alone[i][-1]) for i in range(len(prompts))))
    return alone


def check_forks(model, prompts, alone):
    with Session(model, sequences=3) as session:
        prompt, page = prompts[2], model.info.page_positions
        session.feed(session.open(), prompt[:-1])
        used = session.info().pages_in_use
        fork = session.fork(0)
        expect("a fork shares all pages", session.info().pages_in_use == used == -(-(len(prompt) - 1) // page), f"{used}")
        left, right = prompts[0], prompts[1]
        both = session.step([(0, token, NEXT, 1) for token in left] + [(fork, token, NEXT, 1) for token in right])
        expect("a fork that writes copies one page", session.info().pages_in_use == used + 1 + sum(
            -(-(len(prompt) - 1 + len(more)) // page) - used for more in (left, right)))
        fresh = session.open()
        session.feed(fresh, prompt[:-1])
        expect("the fork went its own way", same(session.feed(fresh, right), both[len(left):]))
        session.trim(fresh, len(prompt) - 1)
        expect("and so did what it came from", same(session.feed(fresh, left), both[:len(left)]))

        session.trim(0, 0)
        session.feed(0, prompt)
        for length in (len(prompt) - 1, page + 3, page, 1, 0):
            session.trim(0, length)
            expect(f"trimmed to {length}, it goes on as if new", same(session.feed(0, prompt[length:]), alone[2][length:]))
        for sequence in (0, fork, fresh):
            session.close_sequence(sequence)
        expect("closed sequences give all pages back", session.info().pages_in_use == 0)


def check_limits(model):
    vocabulary = model.info.vocabulary
    with Session(model, sequences=2, context=40, threads=2) as session:
        first, second = session.open(), session.open()
        session.feed(first, [1] * 30)
        row = [(first, 1, NEXT, 0)]
        expect_error("too many sequences", "HONE_TOO_MANY_SEQUENCES", "at most 2 sequences", session.open)
        expect_error("too many forks", "HONE_TOO_MANY_SEQUENCES", "at most 2", lambda: session.fork(first))
        expect_error("a full context", "HONE_CONTEXT_FULL", "at most 40 positions", lambda: session.step(row * 11))
        expect_error("a long prompt", "HONE_CONTEXT_FULL", "at most 40 positions in a sequence, got 41",
                     lambda: session.generate(second, [1] * 41))
        expect_error("a token above all", "HONE_BAD_TOKEN", f"got {vocabulary}",
                     lambda: session.step(row + [(first, vocabulary, NEXT, 0)]))
        expect_error("a token below all", "HONE_BAD_TOKEN", "got -1", lambda: session.step([(second, -1, NEXT, 0)]))
        expect_error("a gap", "HONE_BAD_POSITION", "expected position 31, where sequence 0 goes on, got 32",
                     lambda: session.step([(first, 1, 30, 0), (first, 1, 32, 0)]))
        expect_error("a position that is there", "HONE_BAD_POSITION", "expected position 30",
                     lambda: session.step([(first, 1, 29, 0)]))
        expect_error("an unknown sequence", "HONE_BAD_SEQUENCE", "got 2", lambda: session.step([(2, 1, NEXT, 0)]))
        expect_error("trimming to more", "HONE_BAD_POSITION", "at most 30", lambda: session.trim(first, 31))
        expect("none of them changed anything", session.length(first) == 30 and session.length(second) == 0)
    with Session(model, sequences=2, page_limit=2) as session:
        session.feed(session.open(), [1] * (model.info.page_positions + 1))
        expect_error("no page left", "HONE_OUT_OF_MEMORY", "KV memory is exhausted", lambda: session.feed(session.open(), [1]))
    expect_error("a context beyond the model's", "HONE_INVALID_ARGUMENT", "'context' of at most",
                 lambda: Session(model, context=model.info.context_length + 1))


def check_generation(model):
    prompt = model.tokenize(model.chat(("user", "What is the capital of France?")))
    with Session(model, sequences=2) as session:
        sequence, tokens, pieces = session.open(), [], []

        def receive(token, text):
            pieces.append(text)
            if token >= 0:
                tokens.append(token)

        def again(**options):
            tokens.clear()
            pieces.clear()
            session.trim(sequence, 0)
            return session.generate(sequence, prompt, **options)
        end, count = again(callback=receive)
        answer = "".join(pieces)
        expect("an answer", "Paris" in answer and end == "model", repr(answer))
        expect("all of it was handed on", count == len(tokens) and model.detokenize(tokens) == answer)
        expect("and is in memory", session.length(sequence) == len(prompt) + count)
        whole, parts = list(tokens), list(pieces)
        expect("at most 3 tokens", again(callback=receive, max_tokens=3) == ("max tokens", 3) and tokens == whole[:3])
        expect("a stop string", again(callback=receive, stops=["never", "Par"])[0] == "stop string"
               and "".join(pieces) == answer[:answer.index("Par")])
        expect("a callback that stops", again(callback=lambda token, text: receive(token, text) or len(tokens) == 2)
               == ("callback", 2) and pieces == parts[:2])

        # What generate does is what steps and the largest logit do.
        other, history = session.open(), list(prompt)
        logits = session.feed(other, prompt)[-1]
        for _ in whole:
            history.append(int(logits.argmax()))
            logits = session.feed(other, history[-1:])[-1]
        expect("steps give the same tokens", history[len(prompt):] == whole)


def check_cancellation(model, prompt):
    with Session(model, threads=1, sequences=2) as session:
        sequence = session.open()
        outcome = []

        def run(call):
            try:
                call()
                outcome.append("finished")
            except HoneError as error:
                outcome.append(error.args[0])

        for name, call in (("step", lambda: session.step([(sequence, 1, NEXT, 0)] * model.info.context_length)),
                           ("generation", lambda: session.generate(sequence, prompt, callback=lambda *_: started.set()))):
            started = threading.Event()
            thread = threading.Thread(target=run, args=(call,))
            thread.start()
            if name == "step":
                time.sleep(0.3)
            else:
                started.wait(10)
            begin = time.monotonic()
            session.cancel()
            thread.join()
            expect(f"a {name} that runs is cancelled soon", outcome.pop() == "HONE_CANCELLED"
                   and time.monotonic() - begin < 5, f"{time.monotonic() - begin:.3f} s")
            run(lambda: session.feed(sequence, [1]))
            expect("until it is resumed", outcome.pop() == "HONE_CANCELLED")
            session.resume()
            if name == "step":
                expect("and the sequence is as it was", session.length(sequence) == 0)


def check_threads(model, prompts, alone):
    """Two sessions of one model, and the model's own functions, at the same time."""
    results = {}

    def work(name):
        with Session(model, threads=2) as session:
            results[name] = session.feed(session.open(), prompts[2])
            results[name, "text"] = [model.detokenize(model.tokenize(TEXTS[2])) for _ in range(50)]
    threads = [threading.Thread(target=work, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect("sessions in several threads", all(same(results[name], alone[2]) and set(results[name, "text"]) == {TEXTS[2]}
                                              for name in range(3)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--program", required=True)
    options = parser.parse_args()
    library = Library(options.library.resolve())
    model = Model(library)
    prompts = [model.tokenize(text) for text in TEXTS]
    print(f"{model.info.name.decode()}, hone {library.functions.hone_version().decode()}, prompts of "
          f"{', '.join(str(len(prompt)) for prompt in prompts)} tokens")
    alone = check_bits(model, prompts, Program(options.program))
    check_forks(model, prompts, alone)
    check_limits(model)
    check_generation(model)
    check_cancellation(model, prompts[2])
    check_threads(model, prompts, alone)
    model.close()
    for failure in failures:
        print(f"error: {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
