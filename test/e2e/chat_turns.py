"""Checks that the turns of a conversation see each other: what `chat` answers in its second turn, from keys and values that it
kept, is what the program answers when it is given the whole conversation as one raw prompt, written out here in ChatML.

  chat_turns.py --program P
"""
import argparse
import subprocess

SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
TURNS = ["Name three colours.", "Which of them is the sky?", "And the grass?"]


def run(command, text=""):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=120).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    program = parser.parse_args().program
    limit = ["--max-tokens", "24", "--temperature", "0"]
    answers = []
    conversation = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n"
    for turn in TURNS:
        conversation += f"<|im_start|>user\n{turn}<|im_end|>\n<|im_start|>assistant\n"
        answer = run([program, "--raw", "--prompt", conversation, *limit]).removesuffix("\n")
        answers.append(answer)
        conversation += f"{answer}<|im_end|>\n"
    chatted = run([program, "chat", *limit], "".join(turn + "\n" for turn in TURNS))
    expected = "".join(answer + "\n" for answer in answers)
    if chatted != expected:
        raise SystemExit(f"expected from chat:\n{expected}\ngot:\n{chatted}")
    print(f"{len(TURNS)} turns agree")


if __name__ == "__main__":
    main()
