"""Checks that each labelled constraint of each op has its line in a verifier and its test.

For every `(Cn)` in the description of an op in include/hone/dialects/*/*Ops.td: a comment `// Cn` in a method of the op
(or in a function that it calls) in dialects/*/*.cpp, and a symbol `@<op>_c<n>` in test/dialects/*/invalid*.mlir. Labels
that no description has are reported as well. A constraint that a trait checks says so at its `// Cn`.

Exit status: 0, complete; 1, something is missing and was named.

  check_constraints.py [--root REPOSITORY]
"""
import argparse
import re
import sys
from pathlib import Path

OP = re.compile(r'^def \w+?_(\w+Op) : \w+<"(\w+)"(.*?)^}', re.MULTILINE | re.DOTALL)
LABEL = re.compile(r"^ *- \(C(\d+)\)", re.MULTILINE)
# A definition begins in the first column, and its body ends there or on the same line.
FUNCTION = re.compile(r"^(?!namespace|struct|class|#|/)\w[^;{}]*?([\w:]+)\([^;{}]*\)[^;{}]*\{(.*?)(?:^\}|\}$)",
                      re.MULTILINE | re.DOTALL)
CODE_LABEL = re.compile(r"// C(\d+)\b")
CASE = re.compile(r"@(\w+?)_c(\d+)\b")


def described_constraints(folder):
    """{(class, op): {n, ...}} of all ops of a dialect."""
    return {(op.group(1), op.group(2)): {int(n) for n in LABEL.findall(op.group(3))}
            for file in sorted(folder.glob("*Ops.td")) for op in OP.finditer(file.read_text())}


def functions_of(folder):
    """{name: [body, ...]}; methods are named `Class::method`, overloads share a name."""
    functions = {}
    for file in sorted(folder.glob("*.cpp")):
        for function in FUNCTION.finditer(file.read_text()):
            functions.setdefault(function.group(1), []).append(function.group(2))
    return functions


def verified_constraints(op_class, functions):
    """{n, ...} labelled in the methods of `op_class` and in what these call."""
    pending = [name for name in functions if name.startswith(op_class + "::")]
    seen, labels = set(pending), set()
    while pending:
        for body in functions[pending.pop()]:
            labels |= {int(n) for n in CODE_LABEL.findall(body)}
            called = {name for name in re.findall(r"\b(\w+)\(", body) if name in functions}
            pending += called - seen
            seen |= called
    return labels


def tested_constraints(folder):
    """{op: {n, ...}} of the cases of invalid.mlir and of those beside it, such as invalid-types.mlir."""
    tested = {}
    for file in folder.glob("invalid*.mlir"):
        for op, n in CASE.findall(file.read_text()):
            tested.setdefault(op, set()).add(int(n))
    return tested


def check_dialect(root, name):
    """Complaints about one dialect, and how many constraints it has."""
    functions = functions_of(root / "dialects" / name)
    invalid = root / "test" / "dialects" / name / "invalid.mlir"
    tested = tested_constraints(invalid.parent)
    ops = described_constraints(root / "include" / "hone" / "dialects" / name)
    complaints = []
    for (op_class, op), described in ops.items():
        verified = verified_constraints(op_class, functions)
        for n in sorted(described - verified):
            complaints.append(f"{name}: expected a comment '// C{n}' where '{op_class}' is verified, got none")
        for n in sorted(verified - described):
            complaints.append(f"{name}: expected '(C{n})' in the description of '{op}', got '// C{n}' in code only")
        for n in sorted(described - tested.get(op, set())):
            complaints.append(f"{name}: expected a case '@{op}_c{n}' in {invalid.relative_to(root)}, got none")
        for n in sorted(tested.get(op, set()) - described):
            complaints.append(f"{name}: expected '(C{n})' in the description of '{op}', got a case '@{op}_c{n}' only")
    return complaints, sum(map(len, ops.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent, help="of the repository")
    root = parser.parse_args().root
    dialects = sorted(file.parent.name for file in (root / "include" / "hone" / "dialects").glob("*/*Ops.td"))
    if not dialects:
        sys.exit(f"check_constraints.py: expected dialects under {root}, got none")
    total, complaints = 0, []
    for name in dialects:
        found, count = check_dialect(root, name)
        complaints += found
        total += count
    for complaint in complaints:
        print(complaint)
    print(f"{total} constraints, {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
