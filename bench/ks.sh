#!/bin/sh
# The exact Kolmogorov-Smirnov test beside SciPy, on the same samples, one after the other. SciPy comes from the system
# or, where it is missing, from a temporary virtual environment.
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
"${BUILD:-build}/bench/ks" "$directory" || exit 1
python=python3
if ! "$python" -c 'import scipy' 2>/dev/null; then
    python3 -m venv "$directory/venv" >/dev/null 2>&1 && "$directory/venv/bin/pip" install --quiet scipy >/dev/null 2>&1 &&
        python=$directory/venv/bin/python
fi
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$python" bench/ks_scipy.py "$directory"
