#!/bin/bash
# CloudWatch metric streams that Firehose delivers: a delivery that is tried again is answered and doubles nothing, before
# and after a restart.
. tests/kit/tap.sh
. tests/kit/watch.sh

cat >"$work/leeway.yaml" <<Y
store: $work/leeway.db
sources: [{type: http}]
sinks: [{type: file, path: $work/events.ndjson, events: [metric]}]
quiet_period: 1h
heartbeat: 1h
$http
Y
# A delivery: its id, and how many datapoints of a run it holds from which minute on.
delivery() { # id, run, from, until
    python3 - "$@" <<'PY'
import base64, json, sys
request, run, first, until = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
lines = "".join(json.dumps({
    "metric_stream_name": "s", "account_id": "123456789012", "region": "us-east-1",
    "namespace": "/aws/sagemaker/TrainingJobs", "metric_name": "validation:accuracy",
    "dimensions": {"TrainingJobName": run}, "timestamp": 1750000000000 + 60000 * i,
    "value": {"max": 0.5, "min": 0.5, "sum": 0.5, "count": 1.0}, "unit": "None"}) + "\n" for i in range(first, until))
half = lines.index("\n", len(lines) // 2) + 1
records = [{"data": base64.b64encode(part.encode()).decode()} for part in (lines[:half], lines[half:])]
print(json.dumps({"requestId": request, "timestamp": 1750000000000, "records": records}))
PY
}
firehose() { # id, file
    {
        printf 'POST /v1/firehose HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
        printf 'X-Amz-Firehose-Protocol-Version: 1.0\r\nX-Amz-Firehose-Request-Id: %s\r\n' "$1"
        printf 'X-Amz-Firehose-Access-Key: a-push-token-of-the-tests\r\nConnection: close\r\nContent-Length: %d\r\n\r\n' "$(wc -c <"$2")"
        cat "$2"
    } | request
}
# As Firehose demands it: 200, JSON, a length, no encoding, its own id and a time.
confirmed() {
    replied 'HTTP/1.1 200' && grep -qai '^content-type: application/json' "$work/reply" &&
        grep -qai '^content-length: [1-9]' "$work/reply" && ! grep -qai '^content-encoding:' "$work/reply" &&
        tail -n 1 "$work/reply" | grep -qE "^\{\"requestId\":\"$1\",\"timestamp\":[0-9]{13}\}$"
}
delivers() { firehose "$1" "$2" && confirmed "$1"; }
told() { [ "$(grep -c '"lw_event":"metric"' "$work/events.ndjson")" -eq "$1" ]; }
once_each() { [ "$(grep -o '"timestamp":[^,]*' "$work/events.ndjson" | sort | uniq -d | wc -l)" -eq 0 ]; }

up() { get /readyz && replied 'HTTP/1.1 200'; }

delivery id-1 job-2026-03-01-10-00-00-000 0 20 >"$work/first"
delivery id-2 job-2026-03-01-10-00-00-000 20 30 >"$work/second"
watch_start
ok 'a delivery is confirmed' delivers id-1 "$work/first"
ok 'its datapoints are there' eventually told 20
ok 'the same delivery again is confirmed' delivers id-1 "$work/first"
ok 'and not even read' eventually counts 'leeway_points_total 20'
ok 'another one is taken' delivers id-2 "$work/second"
ok 'with its datapoints' eventually told 30
for _ in 1 2 3 4; do firehose id-1 "$work/first" & done
wait $(jobs -p | grep -vx "$daemon")
ok 'four at once double nothing' eval 'sleep 0.5; told 30'
watch_stop -KILL
watch_start
ok 'it comes up after a kill' eventually up
ok 'and confirms the same delivery' delivers id-1 "$work/first"
ok 'as is the other' delivers id-2 "$work/second"
ok 'and neither is read again' eventually counts 'leeway_points_total 0'
# Firehose does not promise that a retry keeps its id.
sed 's/id-1/id-9/' "$work/first" >"$work/renamed"
ok 'under another id it is confirmed' delivers id-9 "$work/renamed"
ok 'its datapoints are known' eventually counts 'leeway_points_duplicate_total 20'
watch_stop -TERM
"$LEEWAY" watch "${here[@]}" --once 2>>"$work/log"
ok 'nothing was told twice' told 30
ok 'each minute is there once' once_each
done_testing
