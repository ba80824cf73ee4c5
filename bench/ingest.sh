#!/bin/bash
# Figure 3 of ingest: the whole `leeway analyze` process on a million metric events (reading, gathering, judging, the
# report), beside DuckDB on one thread that groups the same file by job and metric (no judging); in turns, medians. Then its peak
# memory, the time of `leeway --version`, and the time to judge. DuckDB comes from the system's Python, from $PEERS
# (the bin directory of a virtual environment), or from a temporary one.
set -u
build=${BUILD:-build}
events=$build/bench/events.ndjson
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
[ -s "$events" ] || "$build/bench/events" >"$events" || exit 1
python=${PEERS:+$PEERS/}python3
if ! "$python" -c 'import duckdb' 2>/dev/null; then
    python3 -m venv "$directory/venv" >/dev/null 2>&1 && "$directory/venv/bin/pip" install --quiet duckdb >/dev/null 2>&1
    python=$directory/venv/bin/python
fi
TIMEFORMAT=%R
seconds() { { time "$@" >/dev/null 2>&1; } 2>&1; }
median() { sort -n | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'; }
cat "$events" >/dev/null
for _ in 1 2 3 4 5; do
    seconds "$LEEWAY" analyze --threads 1 "$events" >>"$directory/leeway"
    { time "$python" bench/ingest_duckdb.py "$events" 2>/dev/null | cut -d' ' -f1 >>"$directory/duckdb"; } 2>>"$directory/process"
done
ours=$(median <"$directory/leeway")
theirs=$(median <"$directory/duckdb")
printf 'ingest: leeway analyze %s s, whole process, of %s (%s .. %s)\n' "$ours" "$(wc -c <"$events") bytes" \
    "$(sort -n "$directory/leeway" | head -n 1)" "$(sort -n "$directory/leeway" | tail -n 1)"
whole=$(median <"$directory/process")
[ -n "$theirs" ] && printf 'ingest: DuckDB, one thread, whole process %s s, query alone %s s: ratio of leeway to them %s, %s\n' \
    "$whole" "$theirs" "$(awk -v a="$ours" -v b="$whole" 'BEGIN {printf "%.2f", a / b}')" \
    "$(awk -v a="$ours" -v b="$theirs" 'BEGIN {printf "%.2f", a / b}')"
python3 - "$LEEWAY" "$events" <<'P'
import resource, subprocess, sys
subprocess.run([sys.argv[1], "analyze", sys.argv[2]], stdout=subprocess.DEVNULL, check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"ingest: peak memory {peak:.0f} MiB (64 MiB + 24 bytes per datapoint are {64 + 24e6 / 2**20:.0f} MiB)")
P
for _ in 1 2 3 4 5 6 7 8 9; do seconds "$LEEWAY" --version; done | median | sed 's/^/start: leeway --version /; s/$/ s/'
"$build/bench/arl"
