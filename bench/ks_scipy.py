"""Does the work of bench/ks.c with SciPy on the same samples, and prints both, with their ratio, a line per case.

usage: ks_scipy.py DIRECTORY    (after build/bench/ks DIRECTORY)
Without SciPy it prints the figures of leeway alone and says so.
"""
import sys
import time
import warnings

try:
    import numpy
    import scipy
    from scipy import stats
except ImportError:
    scipy = None


def best_of(x, y, seconds=2.0):
    best, spent, result, note = float("inf"), 0.0, None, ""
    while spent < seconds or result is None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            start = time.perf_counter()
            result = stats.ks_2samp(x, y, method="exact")
            taken = time.perf_counter() - start
        if any("asymp" in str(w.message) for w in caught):
            note = " (switched to asymptotic)"
        best, spent = min(best, taken), spent + taken
    return best * 1e3, result, note


directory = sys.argv[1]
for line in open(directory + "/lines.tsv"):
    number, m, n, d, p, method, ties, whole, test = line.rstrip("\n").split("\t")
    text = (f"ks: p of {m} x {n}{' with ties' if ties == '1' else ''}, D {float(d):.4f}: leeway {float(whole):.2f} ms "
            f"({float(test):.2f} behind sorting), {method}, p {float(p):.6g}")
    if scipy is None:
        print(text + "; scipy not available")
        continue
    x = numpy.fromfile(f"{directory}/{number}x.f64")
    y = numpy.fromfile(f"{directory}/{number}y.f64")
    taken, result, note = best_of(x, y)
    if ties == "1":
        note += " (ignores ties)"
    elif not note:
        note = f", p differs by {abs(result.pvalue / float(p) - 1):.0e}"
    print(text + f"; scipy {scipy.__version__} {taken:.2f} ms{note}; leeway/scipy {float(whole) / taken:.3f}")
