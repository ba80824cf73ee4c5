#!/usr/bin/env python3
"""The JSON scanner beside Python's json module: generated and damaged documents must be taken or refused by both, and
mean the same. Known differences, which are ours by intention: lone surrogates and more than 64 levels are refused.
usage: scan_python.py [SECONDS [SEED]] (from the top of the tree; builds the scanner into build/fuzz)
"""
import ctypes
import glob
import json
import math
import os
import random
import re
import subprocess
import sys
import time

LIBRARY = "build/fuzz/scan_python.so"
OBJECT, OBJECT_END, ARRAY, ARRAY_END, KEY, STRING, NUMBER, TRUE, FALSE, NULL = range(10)


class Str(ctypes.Structure):
    _fields_ = [("at", ctypes.c_void_p), ("len", ctypes.c_size_t)]

    def bytes(self):
        return ctypes.string_at(self.at, self.len) if self.len else b""


class Token(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("depth", ctypes.c_uint32), ("text", Str), ("line", ctypes.c_uint64),
                ("byte", ctypes.c_uint64), ("number", ctypes.c_double)]


ON_TOKEN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Token), ctypes.c_void_p)
ON_BAD = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint64, ctypes.c_uint64,
                          ctypes.c_char_p, ctypes.c_void_p)


class Calls(ctypes.Structure):
    _fields_ = [("token", ON_TOKEN), ("bad", ON_BAD)]


class Ours:
    """Builds Python values from the scanner's calls. A number is a float, one that overflows an infinity."""

    def __init__(self, library):
        self.library = library
        library.lw_scan_open.argtypes = [ctypes.c_void_p] * 4
        library.lw_scan_push.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]
        library.lw_scan_finish.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        self.calls = Calls(ON_TOKEN(self.on_token), ON_BAD(self.on_bad))
        self.scan = ctypes.c_void_p()
        assert library.lw_scan_open(ctypes.byref(self.scan), ctypes.byref(self.calls), None, None) == 0

    def add(self, value):
        if not self.stack:
            self.values.append(value)
        elif isinstance(self.stack[-1], list):
            self.stack[-1].append(value)
        else:
            self.stack[-1][self.keys[-1]] = value

    def on_token(self, _self, pointer, _fault):
        token = pointer.contents
        kind = token.kind
        if kind == KEY:
            self.keys[-1] = token.text.bytes().decode()
        elif kind in (OBJECT, ARRAY):
            value = {} if kind == OBJECT else []
            self.add(value)
            self.stack.append(value)
            self.keys.append(None)
        elif kind in (OBJECT_END, ARRAY_END):
            assert isinstance(self.stack.pop(), dict) == (kind == OBJECT_END)
            self.keys.pop()
        elif kind == STRING:
            self.add(token.text.bytes().decode())
        elif kind == NUMBER:
            number = token.number
            if math.isnan(number):
                number = -math.inf if token.text.bytes().startswith(b"-") else math.inf
            self.add(number)
        else:
            self.add({TRUE: True, FALSE: False, NULL: None}[kind])
        return 0

    def on_bad(self, _self, _reason, _line, _byte, _detail, _fault):
        self.bad = True
        self.stack = []
        self.keys = []
        return 0

    def read(self, text, cut):
        self.values, self.stack, self.keys, self.bad = [], [], [], False
        for at in range(0, len(text), cut):
            part = text[at:at + cut]
            assert self.library.lw_scan_push(self.scan, part, len(part), None) == 0
        assert self.library.lw_scan_finish(self.scan, None) == 0
        if self.bad or len(self.values) != 1:
            raise ValueError
        return self.values[0]


def refuse(_):
    raise ValueError


def depth_of(text):
    """Of valid JSON: what the brackets outside of strings make."""
    depth = deepest = 0
    for bracket in re.findall(rb"[\[\]{}]", re.sub(rb'"(?:\\.|[^"\\])*"', b"", text)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def has_surrogate(value):
    if isinstance(value, dict):
        return any(has_surrogate(key) or has_surrogate(item) for key, item in value.items())
    if isinstance(value, list):
        return any(map(has_surrogate, value))
    return isinstance(value, str) and any(0xD800 <= ord(letter) <= 0xDFFF for letter in value)


def pairs(members):
    """Looks at all members, also at those that a later one of the same name replaces."""
    if any(has_surrogate(key) or has_surrogate(value) for key, value in members):
        refuse(None)
    return dict(members)


def theirs(text):
    if text.startswith(b"\xef\xbb\xbf"):
        text = text[3:]
    value = json.loads(text.decode(), parse_int=float, parse_constant=refuse, object_pairs_hook=pairs)
    if has_surrogate(value) or depth_of(text) > 64:
        refuse(None)
    return value


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b)
    return a == b


WORDS = [b"true", b"false", b"null", b"NaN", b"Infinity", b"-Infinity", b"-0", b"1e5", b"1E-07", b"0.1", b"01", b"1.",
         b"1e400", b"-1e999", b"5e-324", b'"\\ud83d\\ude00"', b'"\\ud800"', b'"\\u0000"', b'"\\n\\t\\"\\\\\\/"',
         "\"caf\u00e9 \u20ac \U0001f600\"".encode(), b'"\\x"', b'"\xff"', b'"\xed\xa0\x80"', b'""', b"''"]
NOISE = [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b" ", b"\n", b"\t", b"\r", b"0", b"1", b".", b"e", b"-", b"+",
         b"\x00", b"\x1f", b"\x7f", b"\x80", b"\xc3", b"\xa9", b"\xf0", b"\xef\xbb\xbf", b"\\u", b"d800", b"t", b"null"]


def make(rng, depth):
    kind = rng.randrange(6 if depth < 6 else 4)
    if kind == 0:
        return rng.choice(WORDS)
    if kind == 1:
        return repr(rng.uniform(-1, 1) * 10 ** rng.randrange(-320, 309)).encode()
    if kind == 2:
        return str(rng.getrandbits(rng.randrange(1, 130))).encode()
    if kind == 3:
        text = "".join(chr(rng.choice([rng.randrange(32, 127), rng.randrange(0xA0, 0xD800), rng.randrange(0x10FFFF)]))
                       for _ in range(rng.randrange(40)))
        text = "".join(letter for letter in text if not 0xD800 <= ord(letter) <= 0xDFFF)
        return json.dumps(text, ensure_ascii=rng.random() < 0.5).encode()
    blank = rng.choice([b"", b"", b" ", b"\n", b"\r\n\t "])
    items = [make(rng, depth + 1) for _ in range(rng.randrange(6))]
    if kind == 4:
        return b"[" + blank + (b"," + blank).join(items) + b"]"
    members = [json.dumps("k%d" % rng.randrange(4)).encode() + blank + b":" + item for item in items]
    return b"{" + (b"," + blank).join(members) + blank + b"}"


def damage(rng, text):
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            text = text[:at] + rng.choice(NOISE) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + 1:]
        elif kind == 2:
            text = text[:at] + rng.choice(NOISE) + text[at + 1:]
        else:
            text = text[:at] + text[at:at + rng.randrange(1, 9)] * 2 + text[at:]
    return text


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rng = random.Random(seed)
    sources = glob.glob("engine/base/scan/*.c") + [f"engine/base/{name}.c" for name in ("buf", "fault", "utf8")]
    os.makedirs("build/fuzz", exist_ok=True)
    subprocess.run(["cc", "-std=c17", "-O2", "-shared", "-fPIC", "-Iinclude", "-I.", "-o", LIBRARY, *sources, "-lm"],
                   check=True)
    ours = Ours(ctypes.CDLL(os.path.abspath(LIBRARY)))
    counts = {"taken": 0, "refused": 0}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        text = make(rng, 0)
        if rng.random() < 0.05:
            text = b"[" * rng.randrange(60, 70) + text
            text += b"]" * rng.randrange(60, 70)
        if rng.random() < 0.7:
            text = damage(rng, text)
        try:
            want = ("taken", theirs(text))
        except (ValueError, UnicodeDecodeError):
            want = ("refused", None)
        for cut in (len(text) + 1, rng.randrange(1, 40)):
            try:
                got = ("taken", ours.read(text, cut))
            except ValueError:
                got = ("refused", None)
            if got[0] != want[0] or not same(got[1], want[1]):
                print(f"seed {seed}, chunks of {cut}: {text!r}\n  leeway: {got}\n  python: {want}")
                return 1
        counts[want[0]] += 1
    print(f"seed {seed}: {counts['taken']} documents taken and {counts['refused']} refused by both, with equal values")
    return 0


sys.exit(main())
