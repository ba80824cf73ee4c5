#!/bin/sh
# Renews the golden files from the program as it is. Look at the difference before it is committed.
# usage: tests/check/golden.sh [PROGRAM]
program=${1:-build/leeway}
"$program" demo --format json -o tests/data/golden/demo.json &&
    LC_ALL=C.UTF-8 "$program" demo --format ndjson -o tests/data/golden/demo.ndjson &&
    git --no-pager diff --stat -- tests/data/golden
