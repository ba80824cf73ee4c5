#!/bin/sh
# Runs each fuzz target for a number of seconds, seeded from tests/data/fuzz/NAME. usage: run.sh SECONDS PROGRAM...
seconds=$1
shift
failed=0
for program in "$@"; do
    name=${program##*/}
    corpus=$(dirname "$program")/corpus/$name
    seeds=tests/data/fuzz/$name
    mkdir -p "$corpus"
    [ -d "$seeds" ] || seeds=
    # shellcheck disable=SC2086
    if "$program" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$corpus/../$name-" "$corpus" $seeds >"$corpus.log" 2>&1; then
        printf 'ok      %-24s %s\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: */runs /p' "$corpus.log")"
    else
        printf 'FAILED  %s\n' "$name"
        tail -n 40 "$corpus.log"
        failed=1
    fi
done
exit "$failed"
