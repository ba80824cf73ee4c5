#!/bin/bash
# The same Loggly as source and as sink: what the integration sent is read once, our own events are not, through faults.
. tests/kit/tap.sh
. tests/kit/loggly.sh
loggly_start --plain
"$LEEWAY" simulate --runs 30 --start "$(date -u -d '-40 hours' +%Y-%m-%dT%H:00:00Z)" --drift 'validation:accuracy:-0.05@20' \
    -o "$work/history.ndjson"
split -l 500 "$work/history.ndjson" "$work/part."
for part in "$work"/part.*; do
    loggly_http "$loggly_url/bulk/$loggly_ingest/tag/CloudwatchMetrics/" "$part" >>"$work/answers"
done
sent=$(wc -l <"$work/history.ndjson")
cat >"$work/leeway.yaml" <<END
store: $work/leeway.db
lookback: 60h
sources:
  - {type: loggly, subdomain: acme, endpoint: "$loggly_url", token_file: $work/api.token, query: "tag:CloudwatchMetrics"}
sinks:
  - {type: loggly, url: "$loggly_url", token_file: $work/ingest.token, tags: [leeway]}
END
watch() { run watch -c "$work/leeway.yaml" --once; }
received() { loggly_ask /double/received | tail -n 1; }
loggly_ask /double/faults '[{"on":"iterate","status":503,"headers":{"Retry-After":"1"}},{"on":"iterate","cut":3000},{"on":"iterate","truncate":2000}]'
watch
ok 'what is there is read and delivered, whatever the retrieval answers first' exits 0
ok 'the faults were met' bash -c "grep -q '\"faults_used\":3' <<<'$(loggly_ask /double/stats)'"
loggly_http "$loggly_url/apiv2/events/iterate?q=tag:leeway&from=-100d&order=asc&size=1000" '' \
    "Authorization: bearer $loggly_api\\r\\n" >"$work/ours.json"
run reconcile --whole "$work/ours.json"
ok 'every event of ours arrived' exits 0
run reconcile --format json "$work/ours.json"
ok 'with one alert about the drift' says '"alert": 1'
first=$(received)
watch
ok 'a second time there is nothing new' exits 0
ok 'so nothing is sent, and our own events are not read' test "$first" = "$(received)"
ok 'the runs are those that were sent' python3 -c "
import json
runs=set()
for e in json.load(open('$work/ours.json'))['events']:
    j=e['event']['json']
    if j['lw_event']=='run': runs.add(j['trainingJobName'])
assert len(runs)==30, len(runs)
assert $sent>1000
"
echo wrong >"$work/api.token"
run config check -c "$work/leeway.yaml"
grep -qF "$loggly_api" "$work/err" "$work/out" "$work/leeway.db" && leaked=1
ok 'the token is in no output and not in the store' test -z "${leaked:-}"
done_testing
