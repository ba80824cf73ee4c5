#!/usr/bin/env python3
"""Counts lattice paths in whole numbers: the exact p-values of the two-sample Kolmogorov-Smirnov statistic.

    ./ks_exact.py < ks_untied.tsv      recomputes every row from its first three columns (m, n, k)
    ./ks_exact.py < ks_ties.tsv        recomputes every row from its samples

k is the statistic in units of 1/lcm(m, n). No floating point is used before the last division (25 digits). Output
equals input when the files are right.
"""
import sys
from decimal import Decimal, getcontext
from fractions import Fraction
from math import comb, gcd

getcontext().prec = 60


def probability(m, n, extreme, ends):
    """P(extreme(d) at some block end), over all C(m+n, m) ways to deal."""
    g = gcd(m, n)
    a, b = n // g, m // g
    row = None
    for i in range(m + 1):
        new = [0] * (n + 1)
        for j in range(n + 1):
            if i + j == 0:
                new[j] = 1
                continue
            if (i + j) in ends and extreme(i * a - j * b):
                continue
            new[j] = (row[j] if i else 0) + (new[j - 1] if j else 0)
        row = new
    return 1 - Fraction(row[n], comb(m + n, m))


def sides(m, n, k_two, k_greater, k_less, ends):
    def p(extreme, k):
        return Fraction(1) if k == 0 else probability(m, n, extreme, ends)
    return (p(lambda d: abs(d) >= k_two, k_two), p(lambda d: d >= k_greater, k_greater),
            p(lambda d: -d >= k_less, k_less))


def text(fraction):
    value = Decimal(fraction.numerator) / Decimal(fraction.denominator)
    getcontext().prec = 25
    value = +value
    getcontext().prec = 60
    return format(value, "e")


def logarithm(fraction):
    value = Decimal(fraction.numerator).ln() - Decimal(fraction.denominator).ln()
    getcontext().prec = 20
    value = +value
    getcontext().prec = 60
    return format(value, "f")


def untied(fields):
    m, n, k = map(int, fields[:3])
    two, greater, less = sides(m, n, k, k, k, range(1, m + n + 1))
    return fields[:3] + [text(two), logarithm(two), text(greater), text(less)]


def tied(fields):
    x = sorted(map(float, fields[1].split(",")))
    y = sorted(map(float, fields[2].split(",")))
    m, n = len(x), len(y)
    g = gcd(m, n)
    pooled = sorted(x + y)
    ends = [i for i in range(1, m + n + 1) if i == m + n or pooled[i] != pooled[i - 1]]
    d = [sum(v <= pooled[i - 1] for v in x) * (n // g) - sum(v <= pooled[i - 1] for v in y) * (m // g) for i in ends]
    plus, minus = max(0, max(d)), max(0, -min(d))
    two, greater, less = sides(m, n, max(plus, minus), plus, minus, set(ends))
    return fields[:3] + [str(plus), str(minus), text(two), text(greater), text(less)]


def main():
    for line in sys.stdin:
        fields = line.rstrip("\n").split("\t")
        if line.startswith("#"):
            print(line, end="")
        elif fields[0].isdigit():
            print("\t".join(untied(fields)))
        else:
            print("\t".join(tied(fields)))


main()
