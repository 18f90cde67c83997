#!/usr/bin/env python3
"""Random expressions, numbers and functions of x and y, judged by mpmath with 60 digits and by `r1 verify`: what the
verifier calls equal must be equal there, what it calls different must differ. Needs: pip install mpmath.

    python3 tests/peers/verify_oracle.py --r1 build/cpu/r1 --seed 1 --count 20000

Each expression has a value at six points (x, y) of all signs; functions are equal if all six values are. Neighbours in the order of the values are compared, so that equal values in different spellings meet.
"""
import argparse
import json
import random
import subprocess
import sys
import tempfile

from mpmath import mp, mpc, mpf

mp.dps = 60
SIZES = [(0.47, 0.35), (-0.85, -0.9), (2.3, -4.1), (-5.2, 1.9), (9.4, 0.2), (-0.1, 13.6)]
POINTS = [{"x": mpf(a) + mp.pi / 97, "y": mpf(b) + mp.e / 89} for a, b in SIZES]


def leaf(rng, letters):
    kind = rng.random()
    if letters and kind < 0.3:
        name = rng.choice("xy")
        return name, [p[name] for p in POINTS]
    if kind < 0.6:
        v = rng.choice([1, 2, 3, 4, 5, 6, 8, 9, 12, 16, 18, 27])
        return str(v), [mpf(v)] * len(POINTS)
    text, v = rng.choice([("\\pi", mp.pi), ("e", mp.e), ("i", mpc(0, 1)), ("\\sqrt{2}", mp.sqrt(2)), ("\\sqrt{12}", mp.sqrt(12)),
                          ("0.5", mpf("0.5")), ("\\sqrt[3]{2}", mp.cbrt(2)), ("\\frac{1}{3}", mpf(1) / 3)])
    return text, [+v if not isinstance(v, mpc) else v] * len(POINTS)


def real(values, low=-mp.inf, high=mp.inf):
    return all(mp.im(v) == 0 and low < mp.re(v) < high for v in values)


def snapped(v):
    """sin(pi) is 1e-61 here; a root of it would not be small."""
    return v if abs(v) > mpf(10) ** -50 else mpf(0)


def cube_root(v):
    return mp.sign(v) * mp.cbrt(abs(v))


def expression(rng, depth, letters):
    if depth == 0 or rng.random() < 0.15:
        return leaf(rng, letters)
    text, v = expression(rng, depth - 1, letters)
    other, w = expression(rng, depth - 1, letters)
    kind = rng.choice(["+", "-", "*", "/", "square", "inverse", "root", "cube root", "sin", "cos", "ln", "exp", "minus", "abs",
                       "power", "two to", "add and take", "expand"])
    with_both = {"+": (f"({text}+{other})", lambda a, b: a + b), "-": (f"({text}-{other})", lambda a, b: a - b),
                 "*": (f"({text}\\cdot {other})", lambda a, b: a * b),
                 "add and take": (f"({text}+{other}-{other})", lambda a, b: a),
                 "expand": (f"({text}+{other})({text}-{other})", lambda a, b: a * a - b * b)}
    if kind in with_both:
        shown, f = with_both[kind]
        return shown, [snapped(f(a, b)) for a, b in zip(v, w)]
    if kind == "/" and all(abs(b) > 1e-20 for b in w):
        return f"\\frac{{{text}}}{{{other}}}", [a / b for a, b in zip(v, w)]
    if kind == "inverse" and all(abs(a) > 1e-20 for a in v):
        return f"({text})^{{-1}}", [1 / a for a in v]
    simple = {"square": (f"({text})^2", lambda a: a * a, True), "minus": (f"(-{text})", lambda a: -a, True),
              "abs": (f"|{text}|", abs, real(v)), "root": (f"\\sqrt{{{text}}}", mp.sqrt, real(v, -1e-40)),
              "cube root": (f"\\sqrt[3]{{{text}}}", cube_root, real(v)), "sin": (f"\\sin({text})", mp.sin, real(v, -100, 100)),
              "cos": (f"\\cos({text})", mp.cos, real(v, -100, 100)), "ln": (f"\\ln({text})", mp.log, real(v, 1e-20)),
              "exp": (f"e^{{{text}}}", mp.exp, real(v, -20, 20)), "two to": (f"2^{{{text}}}", lambda a: mp.power(2, a), real(v, -9, 9)),
              "power": (f"({text})^{{3/2}}", lambda a: mp.power(a, mpf(3) / 2), real(v, 1e-20))}
    if kind in simple:
        shown, f, defined = simple[kind]
        if defined:
            return shown, [snapped(f(a)) for a in v]
    return text, v


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--r1", default="build/cpu/r1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20000)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    made = []
    for i in range(args.count):
        text, v = expression(rng, rng.choice([1, 2, 2, 3, 3]), i % 2 == 1)
        if all(abs(a) < 1e6 for a in v):
            made.append((text, v))
    made.sort(key=lambda p: [float(part) for a in p[1] for part in (mp.re(a), mp.im(a))])
    pairs = list(zip(made, made[1:])) + [(rng.choice(made), rng.choice(made)) for _ in range(args.count // 3)]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", delete=False, encoding="utf-8") as f:
        for (a, v), (b, w) in pairs:
            same = all(abs(p - q) < mpf(10) ** -45 for p, q in zip(v, w))
            # "1+1+" on both sides: arithmetic left undone is allowed then.
            f.write(json.dumps({"gold": "1+1+" + a, "answer": "1+1+" + b, "label": "equal" if same else "different"}) + "\n")
    done = subprocess.run([args.r1, "verify", "--file", f.name], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    print("\n".join(line for line in lines if line and not line.startswith("|")))
    wrong = [line for line in lines if line.startswith("| '") and ("| equal | different |" in line or "| different | equal |" in line)]
    print(f"seed {args.seed}: against mpmath: {len(wrong)} wrong verdicts")
    print("\n".join(wrong[:20]))
    return 1 if wrong or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
