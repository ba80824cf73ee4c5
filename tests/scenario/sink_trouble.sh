#!/bin/bash
# What goes wrong at the other end: certificates, tokens, poison, replies that are cut. Nothing is lost, nothing goes
# to the wrong host, and no restart is needed.
. tests/kit/tap.sh
. tests/kit/loggly.sh
loggly_start
. tests/kit/watch.sh

cat >"$work/leeway.yaml" <<Y
store: $work/leeway.db
sources: [{type: http}]
sinks: [{type: loggly, url: "$loggly_url", token_file: $work/ingest.token, ca_file: $loggly_ca, metrics: always}]
heartbeat: 1h
$http
Y
# What the double has of the pushed points: each number as often as it came.
values() { loggly_ask /double/events | point_values; }
has() { [ "$(at_loggly)" = "$(seq 0 $(($1 - 1)) | grep -vx "${2:-none}")" ] || { values | uniq -c | tail -n 5; return 1; }; }
received() { loggly_ask /double/stats | grep -qF "\"events\":$1," || { loggly_ask /double/stats; return 1; }; }
holds() { counts 'leeway_sink_holding{sink="loggly"} 1'; }

# ---- certificates ----
loggly_ask /double/settings '{"certificate":"wrong_host"}' >"$work/.ignored"
watch_start
points 10 m 0 >"$work/points"
ok 'what is pushed is accepted, whatever the sink' accepts "$work/points"
ok 'a certificate for another name holds the sink' eventually holds
ok 'and the log says why' logged 'the certificate is for another name'
for kind in expired untrusted; do
    loggly_ask /double/settings "{\"certificate\":\"$kind\"}" >"$work/.ignored"
    : >"$work/log"
    kill -HUP "$daemon"
    ok "as does one that is $kind" eventually logged 'level=error msg="sink loggly: '
    ok "the sink is held then, too ($kind)" eventually holds
done
ok 'nothing was sent to any of them' received 0
loggly_ask /double/settings '{"certificate":"good"}' >"$work/.ignored"
kill -HUP "$daemon"
ok 'the right one gets everything' eventually has 10
ok 'and the sink is well' eventually counts 'leeway_sink_holding{sink="loggly"} 0'

# ---- tokens ----
echo 0a1b2c3d-0000-4000-8000-000000000bad >"$work/ingest.token"
points 10 m 10 >"$work/points"
ok 'with a wrong token what is pushed is kept' accepts "$work/points"
ok 'and the sink held' eventually holds
ok 'the log says why' logged 'the token is not accepted'
ok 'but never the token' eval '! logged 000000000bad'
echo "$loggly_ingest" >"$work/ingest.token"
kill -HUP "$daemon"
ok 'the right token is taken without a restart' eventually has 20

# ---- poison ----
loggly_ask /double/faults '[{"match":"\"average\":33,","status":400,"times":-1}]' >"$work/.ignored"
points 40 m 20 >"$work/points"
ok 'one event of many is refused for ever' accepts "$work/points"
ok 'all others arrive' eventually has 60 33
ok 'each of them once' eval '[ "$(values | uniq -d | wc -l)" = 0 ]'
ok 'it lies aside' eventually counts 'leeway_events_dead_total{sink="loggly"} 1'
told_loss() { loggly_ask /double/events | grep '"lw_event":"loss"' | grep -q '"lw_class":"dead_letter"'; }
kill -HUP "$daemon"
ok 'and the sink is told that it is missing, with the next heartbeat' eventually told_loss

# ---- replies ----
loggly_ask /double/faults '[]' >"$work/.ignored"
points 400 m 60 >"$work/points"
rules=$(for cut in 0 1 8 12 13 40 90 140; do
    printf '{"cut":%d,"status":200,"store":true,"body":"{\\"response\\" : \\"ok\\"}"},' "$cut"
done)
loggly_ask /double/faults "[${rules}{\"reset\":\"before\"},{\"reset\":\"after\"}]" >"$work/.ignored"
: >"$work/log"
ok 'replies are cut at one byte after the other' accepts "$work/points"
# A look each moment instead of the wait after a failure.
for _ in $(seq 40); do
    has 460 33 >/dev/null && break
    kill -HUP "$daemon"
    sleep 0.2
done
ok 'in the end all is there' eventually has 460 33
ok 'twice where nobody knew, but no id has two bodies' loggly_agrees
ok 'requests that nobody knows the end of are counted apart' \
    counts 'leeway_deliveries_total{sink="loggly",outcome="ambiguous"} [1-9][0-9]*'
ok 'none of them as one that surely failed' counts 'leeway_deliveries_total{sink="loggly",outcome="retried"} 0'
watch_stop -TERM
ok 'it ends' test "$status" -eq 0
loggly_ask /double/events >"$work/export"
run reconcile --whole "$work/export"
ok 'the account agrees: one number is missing, and told' eval 'exits 0 && says "told as given up"'
ok 'no secret is in the log' eval '! grep -qa "$loggly_ingest" "$work/log"'
done_testing
