#!/bin/bash
# No room for the store, by a limit of the process to the size of its files: what a full disk is, without the right to make
# one. Nothing is accepted that is not stored, the daemon lives, and goes on by itself when there is room, twice.
. tests/kit/tap.sh
. tests/kit/loggly.sh
loggly_start
. tests/kit/watch.sh

cat >"$work/leeway.yaml" <<Y
store: $work/leeway.db
sources: [{type: http}, {type: file, path: $work/followed.ndjson}]
sinks: [{type: loggly, url: "$loggly_url", token_file: $work/ingest.token, ca_file: $loggly_ca, metrics: always}]
heartbeat: 1h
$http
Y
touch "$work/followed.ndjson"
give() { points 100 m "$accepted" | sed 's/"r-/"full-/' >"$work/points"; }
limit() { prlimit --pid "$daemon" --fsize="$1:"; } # bytes, or unlimited
# Pushes until one is refused; what is refused stays in $work/points.
fill() {
    for _ in $(seq 200); do
        give
        accepts "$work/points" >/dev/null || return 0
        accepted=$((accepted + 100))
    done
    return 1
}
largest() { stat -c %s "$work/leeway.db" "$work/leeway.db-wal" 2>/dev/null | sort -n | tail -n 1; }
again() { accepts "$work/points"; }
accepted=0

watch_start
for round in first second; do
    give
    ok "there is room, and what is pushed is accepted ($round)" accepts "$work/points"
    accepted=$((accepted + 100))
    limit $(($(largest) + 65536))
    ok 'when there is none, what is pushed is not' fill
    ok 'but answered with 503' replied 'HTTP/1.1 503'
    ok 'the log says why' logged 'raise the limit of the process'
    ok 'the daemon lives' alive
    ok 'and answers' eval 'get /healthz && replied "HTTP/1.1 200"'
    points 100 m 0 | sed "s/\"r-/\"$round-/" >>"$work/followed.ndjson"
    limit unlimited
    ok 'with room the same is accepted' eventually again
    accepted=$((accepted + 100))
    ok 'nothing that was accepted is lost' eventually arrived full "$accepted"
    ok 'nor what was written to the followed file meanwhile' eventually arrived "$round" 100
done
limit $(($(largest) + 4096))
fill
watch_stop -TERM
ok 'without room it ends as always' test "$status" -eq 0
# From its start there is no room: it says so, and what it has stays as it is.
(
    ulimit -S -f 1
    exec "$LEEWAY" watch "${here[@]}" 2>"$work/small.log"
) &
small=$!
for _ in $(seq 40); do
    kill -0 "$small" 2>/dev/null || break
    sleep 0.05
done
kill -TERM "$small" 2>/dev/null
wait "$small"
ok 'started without room it is not killed by the limit' test "$?" -lt 128
watch_start
ok 'with room it starts' eventually eval 'get /readyz && replied "HTTP/1.1 200"'
give
ok 'accepts' eventually again
accepted=$((accepted + 100))
ok 'and has delivered all in the end' eventually arrived full "$accepted"
ok 'no id has two bodies' loggly_agrees
watch_stop -TERM
ok 'it ends as always' test "$status" -eq 0
done_testing
