#!/bin/bash
# What SIGHUP changes while the daemon runs, and what it cannot; what is told when it ends.
. tests/kit/tap.sh
. tests/kit/loggly.sh
loggly_start
. tests/kit/watch.sh

configure() { # further lines
    cat >"$work/leeway.yaml" <<Y
store: $work/leeway.db
control: $work/leeway.sock
sources: [{type: http}]
sinks:
  - {type: loggly, url: "https://127.0.0.1:9", token_file: $work/ingest.token, metrics: always, spool: 1MiB}
  - {type: file, path: $work/alerts.ndjson}
heartbeat: 1h
$http
Y
    printf '%s\n' "$@" >>"$work/leeway.yaml"
}

# ---- the spool of one sink ----
configure
watch_start
for first in 0 5000 10000; do
    points 5000 m "$first" >"$work/points"
    accepts "$work/points" >/dev/null || cat "$work/reply"
done
bytes() { get /metrics && grep -a "^leeway_outbox_bytes{sink=\"loggly\"" "$work/reply" | awk "{ n += \$2 } END { print n + 0 }"; }
ok 'a sink that is out of reach keeps what its own spool holds' eval 'n=$(bytes); test "$n" -gt 100000 && test "$n" -le 1048576 || { echo "$n"; false; }'

# ---- the log ----
configure 'log: {level: error, format: json}'
kill -HUP "$daemon"
ok 'the configuration is read anew' eventually get /readyz
sleep 0.3
: >"$work/log"
echo 'hartbeat: 1h' >>"$work/leeway.yaml"
kill -HUP "$daemon"
ok 'the form of the log is the new one' eventually logged '"level":"error"'
configure 'log: {level: warning}'
kill -HUP "$daemon"
sleep 0.3
: >"$work/log"
kill -HUP "$daemon"
sleep 0.3
ok 'and so is its level' eval '! grep -qa level=info "$work/log"'
configure
kill -HUP "$daemon"
ok 'until it is changed back' eventually logged 'level=info msg="the configuration was read anew"'

# ---- the end ----
watch_stop -TERM
ok 'it ends as told' test "$status" -eq 0
ok 'and says how much waits' eval 'grep -qaE "ended; [0-9]+ events wait in the store" "$work/log" || { tail -n 3 "$work/log"; false; }'

# ---- standard input ----
mkfifo "$work/pipe"
configure
sed -i 's/^sources:.*/sources: [{type: stdin}]/; s/, events.*//' "$work/leeway.yaml"
sed -i "s/path: .*alerts.ndjson/&, events: [run]/; s/^store:.*/store: $(printf %s "$work" | sed 's/[\/&]/\\&/g')\/input.db/" "$work/leeway.yaml"
: >"$work/log"
"$LEEWAY" watch "${here[@]}" <"$work/pipe" 2>>"$work/log" &
daemon=$!
exec 8>"$work/pipe"
points 150 m 0 >"$work/points"
head -c 8000 "$work/points" >&8
ok 'standard input is read' eventually counts 'leeway_points_total 103'
kill -HUP "$daemon"
ok 'another configuration would need it a second time, and is refused' eventually logged 'standard input can be opened only once'
tail -c +8001 "$work/points" >&8
ok 'no record is lost at that place' eventually counts 'leeway_points_total 150'
exec 8>&-
sleep 0.5
kill -HUP "$daemon"
ok 'once it has ended the configuration can be read anew' eventually logged 'the configuration was read anew'
watch_stop -TERM

# ---- refused for good, with --once ----
configure
sed -i "s|https://127.0.0.1:9|$loggly_url|; s|metrics: always|ca_file: $loggly_ca, &|; s|^sources:.*|sources: [{type: file, path: $work/points}]|; s|^store:.*|store: $work/once.db|; s|^http:.*||" "$work/leeway.yaml"
points 3 m 0 >"$work/points"
loggly_ask /double/faults '[{"status":400,"times":-1}]' >"$work/.ignored"
run watch "${here[@]}" --once
ok 'events that are refused for good are undelivered' exits 4
ok 'and it is told that they do not go out again' eval 'grep -q "refused [0-9]* events\? for good" "$work/err" || { cat "$work/err"; false; }'
ok 'not that they would' eval '! grep -q "next start" "$work/err" || { cat "$work/err"; false; }'
done_testing
