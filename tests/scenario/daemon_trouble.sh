#!/bin/bash
# Two daemons on one store, signals during an outage, a configuration that broke, a rotated file, a full disk.
. tests/kit/tap.sh
. tests/kit/loggly.sh
loggly_start
. tests/kit/watch.sh

configure() { # store, loggly
    cat >"$work/leeway.yaml" <<Y
store: $1
control: $work/leeway.sock
sources: [{type: http}, {type: file, path: $work/followed.ndjson}]
sinks: [{type: loggly, url: "$2", token_file: $work/ingest.token, ca_file: $loggly_ca, metrics: always}]
heartbeat: 1h
$http
Y
}

# ---- two daemons ----
configure "$work/leeway.db" "$loggly_url"
points 5 followed 0 >"$work/followed.ndjson"
watch_start
began=$(date +%s%3N)
run watch "${here[@]}"
ok 'a second daemon on the same store is refused' exits 5
ok 'at once' test $(($(date +%s%3N) - began)) -lt 2000
ok 'and told which process has it' eval 'grep -q "$daemon" "$work/err" || { cat "$work/err"; false; }'
ok 'the first goes on' eval 'get /readyz && replied "HTTP/1.1 200"'

# ---- rotation ----
ok 'a followed file is read' eventually arrived r 5
points 5 followed 5 >>"$work/followed.ndjson"
mv "$work/followed.ndjson" "$work/followed.ndjson.1"
points 5 followed 10 >>"$work/followed.ndjson.1"
points 5 followed 15 >"$work/followed.ndjson"
ok 'when it is renamed, its rest is read, and then the new one' eventually arrived r 20
mv "$work/followed.ndjson.1" "$work/followed.ndjson.2"
mv "$work/followed.ndjson" "$work/followed.ndjson.1"
points 5 followed 20 >"$work/followed.ndjson"
ok 'and once more' eventually arrived r 25
ok 'no line was read twice' counts 'leeway_points_duplicate_total 0'
ok 'and it is told how many came from it' counts "leeway_source_records_total{source=\"file:$work/followed.ndjson\",kind=\"file\"} 25"

# ---- a configuration that broke ----
echo 'hartbeat: 5m' >>"$work/leeway.yaml"
kill -HUP "$daemon"
ok 'a wrong configuration is told' eventually logged 'the old one stays'
ok 'and the old one keeps' eval 'get /readyz && replied "HTTP/1.1 200"'

# ---- an outage ----
watch_stop -TERM
configure "$work/leeway.db" https://127.0.0.1:9
watch_start
points 20 m 0 | sed 's/r-/out-/' >"$work/points"
ok 'without its sink the daemon accepts' accepts "$work/points"
watch_stop -TERM
ok 'TERM ends it' test "$status" -eq 0
ok 'within 5 seconds' eval 'test "$took" -lt 5500 || { echo "$took ms"; false; }'
watch_start
loggly_ask /double/faults '[{"delay_ms":20000,"times":-1}]' >"$work/.ignored"
configure "$work/leeway.db" "$loggly_url"
kill -HUP "$daemon"
eventually logged 'read anew'
sleep 0.5
kill -INT "$daemon"
sleep 0.3
ok 'the first INT lets it send what waits' alive
watch_stop -INT
ok 'the second ends it at once' test "$took" -lt 1000
loggly_ask /double/faults '[]' >"$work/.ignored"
watch_start
ok 'what was owed goes out with the next start' eventually arrived out 20
watch_stop -TERM

# ---- another program in the store ----
: >"$work/log"
watch_start
python3 - "$work/leeway.db" "$work/held" <<'PY' &
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("BEGIN IMMEDIATE")
open(sys.argv[2], "w").close()
time.sleep(5)
c.execute("ROLLBACK")
PY
holder=$!
eventually test -e "$work/held"
points 20 m 0 | sed 's/r-/held-/' >"$work/points"
push "$work/points"
ok 'while somebody else writes to the store, what is pushed is not accepted' replied 'HTTP/1.1 503'
ok 'the log says why' logged 'another program writes to it'
wait "$holder"
ok 'it is no reason to end' alive
ok 'and when that is over it goes on' eventually accepts "$work/points"
ok 'to the end' eventually arrived held 20
watch_stop -TERM

# ---- a full disk ----
mkdir "$work/small"
if mount -t tmpfs -o size=3m leeway-test "$work/small" 2>"$work/mount"; then
    trap 'kill -KILL $daemon $loggly_process 2>/dev/null; umount -l "$work/small" 2>/dev/null; rm -rf "$work"' EXIT
    configure "$work/small/leeway.db" "$loggly_url"
    : >"$work/log"
    rm -f "$work"/followed*
    touch "$work/followed.ndjson"
    watch_start
    points 100 m 0 | sed 's/r-/full-/' >"$work/points"
    ok 'on a small disk it works' accepts "$work/points"
    head -c 4m /dev/zero >"$work/small/ballast" 2>/dev/null
    accepted=100
    for _ in $(seq 30); do
        points 100 m "$accepted" | sed 's/r-/full-/' >"$work/points"
        (push "$work/points") & pushing=$!
        for _ in $(seq 100); do
            kill -0 "$pushing" 2>/dev/null || break
            sleep 0.05
        done
        kill "$pushing" 2>/dev/null && break
        wait "$pushing"
        replied 'HTTP/1.1 200' >/dev/null || break
        accepted=$((accepted + 100))
    done
    ok 'when the disk is full, what is pushed is answered with 503' replied 'HTTP/1.1 503'
    ok 'the log says so' logged 'full'
    ok 'it runs on' alive
    ok 'and answers' eval 'get /healthz && replied "HTTP/1.1 200"'
    rm "$work/small/ballast"
    again() { accepts "$work/points"; }
    ok 'with space the same is accepted' eventually again
    accepted=$((accepted + 100))
    ok 'nothing that was accepted is lost' eventually arrived full "$accepted"
    head -c 4m /dev/zero >"$work/small/ballast" 2>/dev/null
    sleep 0.5
    rm "$work/small/ballast"
    points 100 m "$accepted" | sed 's/r-/full-/' >"$work/points"
    ok 'and a second time' eventually again
    ok 'nothing is lost then' eventually arrived full $((accepted + 100))
    watch_stop -TERM
    ok 'it ends as always' test "$status" -eq 0
    umount "$work/small"
else
    for _ in 1 2 3 4 5 6 7 8 9; do ok "a full disk # SKIP no right to mount a small file system" true; done
fi
ok 'no id has two bodies' loggly_agrees
done_testing
