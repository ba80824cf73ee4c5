#!/bin/bash
# Where the output goes: whole or not at all; colours; exit codes for what was found.
. tests/kit/tap.sh

"$LEEWAY" simulate --runs 60 --seed 3 --drift 'validation:accuracy:-0.02@50' -o "$work/drift.ndjson"
"$LEEWAY" simulate --runs 60 --seed 3 -o "$work/quiet.ndjson"
"$LEEWAY" simulate --runs 2 --seed 3 -o "$work/short.ndjson"

run analyze --format json "$work/drift.ndjson"
cp "$work/out" "$work/expected.json"
run analyze --format json -o "$work/report.json" "$work/drift.ndjson"
ok "-o writes what standard output would have shown" same "$work/expected.json" "$work/report.json"
ok "and nothing else" test ! -s "$work/out"
chmod 640 "$work/report.json"
echo old >"$work/report.json"
run analyze --format json -o "$work/report.json" "$work/drift.ndjson"
ok "an old file is replaced" same "$work/expected.json" "$work/report.json"
ok "and keeps its permissions" test "$(stat -c %a "$work/report.json")" = 640
ln -s report.json "$work/link.json"
run analyze --format json -o "$work/link.json" "$work/quiet.ndjson"
ok "a link is written through" test -L "$work/link.json"
ok "to the file behind it" test "$(head -c 1 "$work/report.json")" = '{'

echo old >"$work/report.json"
run analyze -o "$work/none/report.json" "$work/drift.ndjson"
ok "a folder that is not there is an error" exits 3
ok "of one line" complains "none/report.json"
run analyze -o "$work" "$work/drift.ndjson"
ok "a folder is no file to write" exits 3
(
    ulimit -f 1 2>/dev/null
    trap '' XFSZ
    "$LEEWAY" analyze --format json -o "$work/report.json" "$work/drift.ndjson" >"$work/out" 2>"$work/err"
)
status=$?
ok "a disk that is full is an error" exits 3
ok "that leaves the old file as it was" test "$(cat "$work/report.json")" = old
ok "and nothing beside it" test "$(find "$work" -name 'report.json*' | wc -l)" -eq 1
"$LEEWAY" analyze "$work/drift.ndjson" >/dev/full 2>"$work/err"
status=$?
ok "standard output that is full is an error" exits 3
ok "that is told" complains "standard output"
run analyze -o /dev/null "$work/drift.ndjson"
ok "a device is written to" exits 0
ok "and stays a device" test -c /dev/null
"$LEEWAY" analyze --format json "$work/drift.ndjson" 2>"$work/err" | head -c 10 >"$work/out"
ok "a reader that goes away is no complaint" silent

for model in $(seq 20); do
    "$LEEWAY" simulate --runs $((10 + model)) --seed "$model" --model "model-$model" --drift 'duration:x2@25'
done >"$work/models.ndjson"
run analyze --format json --threads 1 "$work/models.ndjson"
cp "$work/out" "$work/one.json"
for threads in 2 7 64; do
    run analyze --format json --threads "$threads" "$work/models.ndjson"
    ok "$threads threads say what one says" same "$work/one.json" "$work/out"
done
run analyze --format json "$work/models.ndjson"
ok "as do those of this machine" same "$work/one.json" "$work/out"

run analyze "$work/drift.ndjson"
ok "what was found is no failure" exits 0
ok "no colours where there is no terminal" bash -c '! grep -q "$(printf "\033")" "$1"' - "$work/out"
run analyze --color always "$work/drift.ndjson"
ok "colours where they are wanted" grep -q "$(printf '\033')" "$work/out"
LC_ALL=C "$LEEWAY" analyze "$work/drift.ndjson" >"$work/out"
ok "ASCII where the locale has no UTF-8" bash -c '! LC_ALL=C grep -q "[^ -~]" "$1"' - "$work/out"
for width in 40 80 120 200; do
    LC_ALL=C "$LEEWAY" analyze --width "$width" "$work/drift.ndjson" >"$work/out"
    ok "no line is wider than $width columns" awk -v w="$width" 'length > w { print; bad = 1 } END { exit bad }' "$work/out"
done

fails() { run analyze --fail-on "$1" "$2"; }
fails drift "$work/drift.ndjson"
ok "--fail-on drift ends with 1 when there is drift" exits 1
fails warning "$work/drift.ndjson"
ok "--fail-on warning does too" exits 1
fails drift "$work/quiet.ndjson"
ok "--fail-on drift ends with 0 when there is none" exits 0
fails insufficient_data "$work/short.ndjson"
ok "--fail-on insufficient_data ends with 1 when there is too little" exits 1
fails drift "$work/short.ndjson"
ok "too little data is not drift" exits 0
run analyze --width 200 --baseline simulated-2019-06-01-00-00-00 "$work/quiet.ndjson"
ok "a baseline of too few runs asks for more names" \
    says "cusum of train:accuracy, validation:accuracy, generalization_gap:accuracy, duration, gap: 2 more baseline runs must be named: 1 of 3"
ok "and not for more runs" says "some charts wait for more than runs: see below"
run analyze --fail-on drift "$work/drift.ndjson" "$work/none"
ok "unusable input goes before what was found" exits 3
run analyze --require 'validation:accuracy >= 0.99' --fail-on drift "$work/quiet.ndjson"
ok "a broken rule is drift" exits 1
run analyze --require 'validation:accuracy >= 0.9' --fail-on drift "$work/quiet.ndjson"
ok "a rule that is kept is none" exits 0
run analyze --require 'valdation:accuracy >= 0.9' "$work/quiet.ndjson"
ok "a rule for a series that is not there is an error of use" exits 2
ok "that names the nearest one" complains "--require valdation:accuracy: no series of that name was found; did you mean validation:accuracy?"
run analyze --baseline nobody "$work/quiet.ndjson"
ok "a baseline that is not there is an error of use" exits 2
ok "that names what is there" complains "--baseline nobody: no run of that name was found; there are simulated-2019-06-01-00-00-00"
run analyze --baseline simulated-2019-06-01-00-00-00 --baseline nobody "$work/quiet.ndjson"
ok "where one of them is there, the other is pointed out" complains "--baseline nobody: no run of that name"
ok "in the report too" says "--baseline nobody"
ok "and the exit code is 0" exits 0
run analyze --price ml.p2.xlarg=0.9 "$work/quiet.ndjson"
ok "a price for an instance type that is not there is pointed out" complains "--price ml.p2.xlarg: no instance type"
run analyze --now 2019-06-01T01:00Z "$work/quiet.ndjson"
ok "--now before the end of the data is pointed out" complains "--now is before the end of the data"

run analyze --format ndjson "$work/drift.ndjson"
ok "every line of ndjson is an object" python3 -c '
import json, sys
for line in open(sys.argv[1]):
    assert isinstance(json.loads(line), dict)' "$work/out"
cp "$work/out" "$work/events.ndjson"
run analyze --format json "$work/events.ndjson" "$work/drift.ndjson"
ok "events that come back are counted, not read" bash -c 'grep -q own_event "$1"' - "$work/out"
done_testing
