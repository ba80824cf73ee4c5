#!/bin/bash
# The same data give the same report: in any order, twice, cut anywhere; and no cut makes the program fall over.
. tests/kit/tap.sh

"$LEEWAY" simulate --runs 25 --seed 9 --drift 'validation:accuracy:-0.03@18' -o "$work/history.ndjson"
# Everything but the counters of the input, which are about the files.
facts() { python3 -c '
import json, sys
d = json.load(sys.stdin)
del d["input"], d["summary"]["datapoints"]
print(json.dumps(d, indent=1))'; }
"$LEEWAY" analyze --format json "$work/history.ndjson" | tee "$work/whole.json" | facts >"$work/expected"
"$LEEWAY" analyze --format json "$work/history.ndjson" >"$work/again.json"
ok "a second look gives the same bytes" same "$work/whole.json" "$work/again.json"
for seed in 1 2 3 4 5; do
    shuf --random-source=<(yes "$seed") "$work/history.ndjson" >"$work/shuffled.ndjson"
    "$LEEWAY" analyze --format json "$work/shuffled.ndjson" | facts >"$work/got"
    ok "shuffled with seed $seed it gives the same report" same "$work/expected" "$work/got"
done
cat "$work/history.ndjson" "$work/history.ndjson" | shuf --random-source=<(yes 6) >"$work/doubled.ndjson"
"$LEEWAY" analyze --format json "$work/doubled.ndjson" | facts >"$work/got"
ok "with every record twice it gives the same report" same "$work/expected" "$work/got"
split -n r/7 "$work/history.ndjson" "$work/part."
"$LEEWAY" analyze --format json "$work"/part.* | facts >"$work/got"
ok "dealt out over seven files it gives the same report" same "$work/expected" "$work/got"
for size in 1 7 61 4093; do
    head -n 400 "$work/history.ndjson" >"$work/small.ndjson"
    "$LEEWAY" analyze --format json - <"$work/small.ndjson" >"$work/small.json"
    dd if="$work/small.ndjson" bs="$size" 2>/dev/null | "$LEEWAY" analyze --format json - >"$work/got"
    ok "in pieces of $size bytes it gives the same bytes" same "$work/small.json" "$work/got"
done
"$LEEWAY" analyze --format ndjson "$work/history.ndjson" >"$work/events"
"$LEEWAY" analyze --format ndjson "$work/shuffled.ndjson" >"$work/got"
ok "the events and their ids are the same too" same "$work/events" "$work/got"

# Every length of a small file: it ends with 0 or 3 and never by a signal.
cut_everywhere() { # file
    local size status
    size=$(wc -c <"$1")
    for ((n = 0; n <= size; n++)); do
        head -c "$n" "$1" >"$work/cut"
        "$LEEWAY" analyze --format json "$work/cut" >/dev/null 2>&1
        status=$?
        if [ "$status" -ne 0 ] && [ "$status" -ne 3 ]; then
            echo "cut at byte $n: exit code $status"
            return 1
        fi
    done
}
head -n 1 "$work/history.ndjson" >"$work/lines.ndjson"
ok "events cut at every byte" cut_everywhere "$work/lines.ndjson"
gzip -n -k "$work/lines.ndjson"
ok "gzip'd events cut at every byte" cut_everywhere "$work/lines.ndjson.gz"
printf 'time,run,metric,value\n2019-06-01T00:00:00Z,a-1,acc,0.5\n2019-06-01T00:01:00Z,a-1,acc,"0.6"\n' >"$work/table.csv"
ok "a table cut at every byte" cut_everywhere "$work/table.csv"
head -n 8 tests/data/sagemaker/logs/ic_mxnet-mnist_9f1b58f_c9.txt | head -c 300 >"$work/log.txt"
ok "a log cut at every byte" cut_everywhere "$work/log.txt"
printf '{"total_events":1,"events":[{"id":"1","timestamp":1560348180000,"event":{"json":{"timestamp":"2019-06-12T14:03:00.000Z","sampleCount":1,"average":0.8,"metricName":"train:accuracy","namespace":"/aws/sagemaker/TrainingJobs","trainingJobName":"a-1"}}}]}' >"$work/export.json"
ok "an export cut at every byte" cut_everywhere "$work/export.json"
done_testing
