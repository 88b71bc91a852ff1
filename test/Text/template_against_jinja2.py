#!/usr/bin/env python3
"""Compares hone's chat templates with jinja2, set up as transformers does.

usage: template_against_jinja2.py --tool PATH [--model GGUF]...

Renders real-world templates and small ones for single features over many conversations; a template that fails in
jinja2 has to fail in hone. --model adds the template of a GGUF file. Exits with 77, which means skipped, if a Python
module or a model is missing.
"""
import argparse
import datetime
import json
import os
import random
import struct
import subprocess
import sys


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(77)


try:
    import jinja2
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment
except ImportError as missing:
    skip(f"Python module '{missing.name}' is missing")

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chat_templates import FEATURES, TEMPLATES  # noqa: E402
from text_lines import varied_lines  # noqa: E402

NOW = datetime.datetime(2025, 3, 9, 17, 5, 42)


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    result = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    result.filters["tojson"] = tojson
    result.globals["raise_exception"] = raise_exception
    return result


def conversations(count):
    rng = random.Random(7)
    contents = varied_lines(3000, ["<|im_start|>", "<|im_end|>"])
    contents += ["", " ", "\n", "  padded \n", "<think>\nhm\n</think>\n\nanswer", "{{ not a template }}",
                 "'quoted' \"text\" \\n"]
    result = [[{"role": "user", "content": "Hi"}],
              [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]]
    while len(result) < count:
        roles = ["system"] if rng.random() < 0.4 else []
        roles += [("user", "assistant")[i % 2] for i in range(rng.randint(1, 7))]
        if rng.random() < 0.1:
            roles.append(rng.choice(["tool", "user", "assistant", "system", "ipython"]))
        result.append([{"role": role, "content": rng.choice(contents)} for role in roles])
    return result


def inputs_of(index):
    """What else a rendering is given, varied by number."""
    inputs = {"add_generation_prompt": index % 3 != 0}
    if index % 5 != 4:
        inputs["bos_token"] = "<s>"
    if index % 7 != 6:
        inputs["eos_token"] = "</s>"
    if index % 2:
        inputs["strftime_now"] = NOW.strftime
    if index % 4 == 1:
        inputs["enable_thinking"] = bool(index % 8 == 1)
    return inputs


def request(template, messages, inputs):
    strings = [template, "1" if inputs["add_generation_prompt"] else "0"]
    for name in ("bos_token", "eos_token"):
        strings += ["1", inputs[name]] if name in inputs else ["0"]
    strings.append(NOW.strftime("%Y %m %d %H %M %S") if "strftime_now" in inputs else "")
    variables = [("enable_thinking", "bool", "01"[inputs["enable_thinking"]])] if "enable_thinking" in inputs else []
    strings += [str(len(variables)), *[text for variable in variables for text in variable], str(len(messages))]
    for message in messages:
        strings += [message["role"], message["content"]]
    return b"".join(struct.pack("<I", len(data)) + data for data in (text.encode() for text in strings))


class Tool:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()
        head = self.process.stdout.read(8)
        if len(head) != 8:
            sys.exit(f"error: the tool ended early, status {self.process.wait()}")
        success, size = struct.unpack("<II", head)
        return bool(success), self.process.stdout.read(size).decode(errors="replace")


def compare(title, source, talks, tool, peer):
    wrong = errors = 0
    for index, messages in enumerate(talks):
        inputs = inputs_of(index)
        try:
            expected = peer.from_string(source).render(messages=messages, tools=None, documents=None, **inputs)
        except Exception as error:  # whatever Python code raises counts as a failed rendering
            expected = None
            reason = error
            errors += 1
        success, text = tool.ask(request(source, messages, inputs))
        if success == (expected is not None) and (not success or text == expected):
            continue
        wrong += 1
        if wrong <= 2:
            print(f"MISMATCH {title}, conversation {index}: {source[:300]!r}\n"
                  f"  expected {expected if expected is not None else reason!r}\n  got      {text!r}")
    return wrong, errors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", required=True, help="hone-render-template")
    parser.add_argument("--model", action="append", default=[], help="a GGUF file whose template is compared too")
    parser.add_argument("--conversations", type=int, default=300)
    arguments = parser.parse_args()
    templates = dict(TEMPLATES)
    for path in arguments.model:
        if not os.path.exists(path):
            skip(f"model '{path}' is missing")
        try:
            import gguf
        except ImportError:
            skip("Python module 'gguf' is missing")
        templates[os.path.basename(path)] = gguf.GGUFReader(path).fields["tokenizer.chat_template"].contents()
    tool, peer, talks = Tool(arguments.tool), environment(), conversations(arguments.conversations)
    total = 0
    for title, source in templates.items():
        wrong, errors = compare(title, source, talks, tool, peer)
        print(f"{title}: {len(talks)} conversations, {errors} refused by jinja2: {wrong} different")
        total += wrong
    few = talks[:24]
    results = [compare("feature", source, few, tool, peer) for source in FEATURES]
    total += sum(wrong for wrong, _ in results)
    print(f"features: {len(FEATURES)} templates, {len(few)} conversations each: {sum(w for w, _ in results)} different")
    print("FAILED" if total else "PASSED")
    sys.exit(1 if total else 0)


if __name__ == "__main__":
    main()
