#!/bin/bash
# `leeway watch --once` over what lies long back: a run is judged when all of it has been read, and told once.
. tests/kit/tap.sh
mkdir "$work/home"
export HOME=$work/home AWS_EC2_METADATA_DISABLED=true AWS_ACCESS_KEY_ID=AKIDTEST AWS_SECRET_ACCESS_KEY=top/secret+1
"${LEEWAY%/*}/tests/double/aws" --jobs 30 --drop 4 --page 4 >"$work/url" &
server=$!
trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 100); do
    [ -s "$work/url" ] && break
    sleep 0.02
done
cat >"$work/leeway.yaml" <<END
store: $work/leeway.db
lookback: 3d
sources: [{type: cloudwatch, regions: [us-east-1], endpoint: "$(cat "$work/url")"}]
sinks: [{type: file, path: $work/events.ndjson, events: [run, alert]}]
END
runs() { grep -c '"lw_event":"run"' "$work/events.ndjson"; }
run watch -c "$work/leeway.yaml" --once
ok 'the jobs of an account are read, judged and delivered' exits 0
ok 'each run is told once' test "$(runs)" = 30
ok 'with what SageMaker says of it' test "$(grep -c '"lw_status":"completed"' "$work/events.ndjson")" = 30
run watch -c "$work/leeway.yaml" --once
ok 'a second look is good too' exits 0
ok 'and tells nothing again' test "$(runs)" = 30

# An hourly job with two metrics: 30 x 24 x 2 x 3 requests in a month, and some more because the ends are fewer than the jobs.
run doctor -c "$work/leeway.yaml" --offline
ok 'the doctor says what a month of it costs' grep -qE 'about (5[7-9]|6[0-2])[0-9]{2} requests a month' <(tr -s ' \n' ' ' <"$work/out")

# Half of the jobs are bad, but nobody wants alerts of them.
sed "s|^store:.*|store: $work/quiet.db|; s|events.ndjson|quiet.ndjson|" "$work/leeway.yaml" >"$work/quiet.yaml"
echo 'models: [{match: "*", alert: observe}]' >>"$work/quiet.yaml"
run watch -c "$work/quiet.yaml" --once
ok 'the digest leaves out the alerts of models that are only observed' grep -q 'No alert of them is open' "$work/quiet.ndjson"
ok 'and says so in a sentence' grep -q '1 model with 30 runs were there already' "$work/quiet.ndjson"

# A file of one run that is longer than what is decoded in one go.
python3 - >"$work/long.ndjson" <<'PY'
import datetime as d, json
for run, start in (("churn-2024-01-01-00-00-00", 0), ("churn-2024-01-03-00-00-00", 2880)):
    for i in range(2500):
        at = d.datetime(2024, 1, 1) + d.timedelta(minutes=start + i // 2)
        print(json.dumps({"timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "sampleCount": 1, "average": 0.5, "sum": 0.5,
                          "minimum": 0.5, "maximum": 0.5, "metricName": "validation:metric-with-a-long-name-" + "x" * 150 + str(i % 2),
                          "namespace": "/aws/sagemaker/TrainingJobs", "trainingJobName": run}))
PY
(
    cd "$work/home" && "$LEEWAY" watch --store "$work/long.db" --source "$work/long.ndjson" --once >"$work/long.out" 2>"$work/long.err"
    echo "$?" >"$work/long.status"
)
ok 'a file works without a configuration' test "$(cat "$work/long.status")" = 0
ok 'and each of its runs is told once' test "$(grep -c '"lw_event":"run"' "$work/long.out")" = 2
run watch --once --source "$work/none.ndjson" --store "$work/none.db"
ok 'a source that cannot be read is an error of input' test "$status" = 3
ok 'that names the file' grep -q 'none.ndjson' "$work/err"
cd "$work/home" || exit 2
run watch --once --store "$work/idle.db"
ok 'nothing to watch is an error of use' exits 2
ok 'with what to do' complains 'add `sources:` to the configuration, or say --source FILE'
ok 'and no store is made' test ! -e "$work/idle.db"

# As analyze does, with a file that is none.
once() { run watch --once --source "$1" --sink "$work/some.ndjson" --store "${2:-$1.db}"; }
printf 'hello\nthis is no metric\n' >"$work/letter"
once "$work/letter"
ok 'a file in no known format is an error' test "$status" = 3
ok 'that is said' grep -q 'letter is in no known format so far' "$work/err"
once "$work/letter"
ok 'also when nothing was added to it' test "$status" = 3
: >"$work/empty.ndjson"
once "$work/empty.ndjson"
ok 'so is a file without anything' eval 'test "$status" = 3 && grep -q "empty.ndjson has no metric in it so far" "$work/err"'
printf '{"time":"2026-01-01T00:00:00Z","metric":"loss","value":"x"}\n%.0s' 1 2 3 >"$work/bad.ndjson"
once "$work/bad.ndjson"
ok 'and one without a usable record, with the reason' \
    eval 'test "$status" = 3 && grep -q "bad.ndjson has no usable record so far: a value that is not a number" "$work/err"'
printf '{"time":"2026-01-01T00:00:00Z","run":"r-1","metric":"loss","value":0.5}\n' >>"$work/bad.ndjson"
once "$work/bad.ndjson"
ok 'a usable one makes it good' test "$status" = 0
printf '{"time":"2026-01-01T00:00:00Z","metric":"loss","value":"x"}\n' >>"$work/bad.ndjson"
once "$work/bad.ndjson"
ok 'what could not be used is counted all the same' eval 'test "$status" = 0 && grep -q "1 record was not used" "$work/err"'
once "$work/bad.ndjson"
ok 'and a file to which nothing was added is good' eval 'test "$status" = 0 && ! grep -q "not used" "$work/err"'
done_testing
