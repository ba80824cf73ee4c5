#!/bin/bash
# What is read: files, folders, standard input, gzip; what cannot be used; the window of time.
. tests/kit/tap.sh

"$LEEWAY" simulate --runs 6 --seed 4 -o "$work/history.ndjson"
count() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$work/out" "$1"; }
equals() { [ "$(count "$1")" = "$2" ] || { echo "$1 is $(count "$1"), not $2"; return 1; }; }
json() { run analyze --format json "$@"; }

json "$work/history.ndjson"
ok "a file is read" exits 0
ok "without a word on standard error" silent
ok "its format is recognised" equals 'd["input"]["files"][0]["format"]' loggly
ok "its runs are found" equals 'd["summary"]["runs"]' 6
ok "its size is told" equals 'd["input"]["files"][0]["bytes"]' "$(wc -c <"$work/history.ndjson")"
ok "its records are counted" equals 'd["input"]["files"][0]["records"]' "$(wc -l <"$work/history.ndjson")"
python3 - "$work/out" >"$work/models.json" <<'P'
import json, sys
print(json.dumps(json.load(open(sys.argv[1]))["models"], indent=1))
P
same_models() {
    python3 -c 'import json,sys; print(json.dumps(json.load(open(sys.argv[1]))["models"], indent=1))' "$work/out" |
        cmp - "$work/models.json"
}

"$LEEWAY" analyze --format json - <"$work/history.ndjson" >"$work/out"
ok "standard input is read as -" same_models
ok "and shown as such" equals 'd["input"]["files"][0]["path"]' -
gzip -k "$work/history.ndjson"
json "$work/history.ndjson.gz"
ok "gzip is read as what it holds" same_models
split -n l/2 "$work/history.ndjson" "$work/part."
(gzip -c "$work/part.aa"; gzip -c "$work/part.ab") >"$work/two.gz"
json "$work/two.gz"
ok "gzip members after one another are one stream" same_models
head -c 5000 "$work/history.ndjson.gz" >"$work/cut.gz"
json "$work/cut.gz"
ok "gzip that is cut off is unusable input" exits 3
ok "what came before the cut is reported" equals 'd["summary"]["runs"] > 0' True
ok "and the record at the cut is not counted as another fault" equals 'd["input"]["rejected"]' '[]'

mkdir "$work/folder" "$work/folder/inner" "$work/empty"
cp "$work/part.aa" "$work/folder/b.ndjson"
cp "$work/part.ab" "$work/folder/a.ndjson"
echo junk >"$work/folder/.hidden"
json "$work/folder"
ok "a folder means the files in it" same_models
ok "in the order of their names" equals '[f["path"][-8:] for f in d["input"]["files"]]' "['a.ndjson', 'b.ndjson']"
json "$work/empty"
ok "a folder without files is unusable input" exits 3

json "$work/history.ndjson" "$work/history.ndjson"
ok "a file that is named twice is read once" equals 'len(d["input"]["files"])' 1
ok "to the same end" same_models
run analyze "$work/history.ndjson" "$work/history.ndjson"
ok "and that is told" says "named more than once"
cp "$work/history.ndjson" "$work/copy.ndjson"
json "$work/history.ndjson" "$work/copy.ndjson"
ok "a copy adds nothing" same_models
ok "but duplicates, counted with the file that brought them" equals \
    '[d["input"]["files"][0]["duplicates"] == 0, d["input"]["files"][1]["duplicates"] > 0]' '[True, True]'

json "$work/none.json" "$work/history.ndjson"
ok "a file that is not there is unusable input" exits 3
ok "one line names it" complains "none.json"
ok "the others are reported" same_models
head -c 3000 /dev/urandom >"$work/noise"
json "$work/noise"
ok "a file in no known format is unusable input" exits 3
ok "one line says what to do" complains "--input-format"
mkdir -p "$work/job-1" "$work/job-2"
for job in 1 2; do
    printf '[06/09/2021 2%s:49:53 INFO 1] Epoch[0] Train-accuracy=0.%s\n' "$job" "$job" >"$work/job-$job/train.log"
done
run analyze "$work/job-1/train.log" "$work/job-2/train.log"
ok "logs of one name are told to be taken for one run" says "2 logs are named train.log"
run analyze --run both "$work/job-1/train.log" "$work/job-2/train.log"
ok "unless the run is named" test -z "$(grep "2 logs are named" "$work/out")"
printf '\377\376{\000"\000' >"$work/wide.json"
run analyze "$work/wide.json"
ok "so is UTF-16, as PowerShell writes it" exits 3
ok "with what to do" complains "iconv -f UTF-16"
printf '\375\067zXZ\000rest' >"$work/packed.json"
run analyze "$work/packed.json"
ok "and what another packer than gzip made" complains "is packed with xz: unpack it first"
: >"$work/nothing"
json "$work/nothing"
ok "an empty file is unusable input" exits 3
ok "one line says why" complains "is empty"
for empty in '[]' '{"events":[]}' '{"Datapoints":[],"Label":"x"}' 'timestamp,model,run,metric,value'; do
    echo "$empty" >"$work/export"
    json "$work/export"
    ok "$empty alone is unusable input" exits 3
    ok "$empty is an empty export" complains "the export is empty"
    json "$work/export" "$work/history.ndjson"
    ok "$empty beside other files is fine" exits 0
    ok "$empty adds nothing" same_models
done
"$LEEWAY" analyze --format ndjson "$work/history.ndjson" >"$work/own.ndjson"
json "$work/own.ndjson"
ok "leeway's own events are usable" exits 0
ok "without a word on standard error" silent
ok "they are counted" equals 'd["input"]["rejected"][0]["reason"]' own_event
json /proc/self/mem
ok "a file that cannot be read is unusable input" exits 3

(head -n 10 "$work/history.ndjson"; echo '{"timestamp":"yesterday",}'; tail -n +11 "$work/history.ndjson") >"$work/bad.ndjson"
json "$work/bad.ndjson"
ok "a bad record is skipped" same_models
ok "and the exit code is 0" exits 0
ok "it is counted by reason" equals '[r["count"] for r in d["input"]["rejected"]]' '[1]'
ok "with the place of the first" equals 'd["input"]["rejected"][0]["first"]["line"]' 11
run analyze "$work/bad.ndjson"
ok "the text shows it too" says "bad.ndjson:11"
run analyze --strict "$work/bad.ndjson"
ok "with --strict it is unusable input" exits 3
ok "named by file and line, with what to do" complains "bad.ndjson:11"
ok "and nothing is reported" test ! -s "$work/out"
run analyze --strict "$work/history.ndjson"
ok "--strict accepts what is good" exits 0

json --since 2019-06-01T02:00Z --until 2019-06-01T04:00Z "$work/history.ndjson"
ok "a window leaves out the runs outside of it" equals 'd["summary"]["runs"]' 2
ok "and counts what it left out" equals 'd["input"]["rejected"][0]["reason"]' outside_window
ok "without a word on standard error" silent
whole='[m["metrics"]["validation:accuracy"]["count"] for m in d["models"][0]["runs"]] + [m["duration_s"] for m in d["models"][0]["runs"]]'
expected=$(count "$whole")
json --since 2019-06-01T02:05Z --until 2019-06-01T04:05Z "$work/history.ndjson"
ok "a run that a bound lies in is in or out as a whole" equals "$whole" "$expected"
run analyze --since 2019-06-01T02:05Z --until 2019-06-01T04:05Z "$work/history.ndjson"
ok "and how many are left out is told" says "4 runs are left out"
json --since 2030-01-01 "$work/history.ndjson"
ok "a window without any data is unusable input" exits 3
ok "that says from when to when the data are" complains "the data go from 1 Jun 2019 00:"
ok "and has no runs" equals 'd["summary"]["runs"]' 0
json --model-pattern 'other*' "$work/history.ndjson"
ok "a pattern leaves out other models" equals 'd["summary"]["models"]' 0
ok "and when none is left, that is unusable input" exits 3
ok "that says where the names are shown" complains "leeway models"
json --model mine "$work/history.ndjson"
ok "--model names the model" equals 'd["models"][0]["model"]' mine
json --origin here "$work/history.ndjson"
ok "--origin labels the data" equals 'd["models"][0]["origin"]' here

run models "$work/history.ndjson"
ok "models shows the families" says "simulated"
"$LEEWAY" simulate --runs 1 --model lonely -o "$work/lonely.ndjson"
run models "$work/history.ndjson" "$work/lonely.ndjson"
ok "and points out a family of one run" says "1 model consists of a single run"
for i in 1 2 3; do
    "$LEEWAY" simulate --runs 1 --model "lonely$(printf 'abc' | cut -c $i)" -o "$work/lonely$i.ndjson"
done
run analyze "$work"/lonely?.ndjson
ok "analyze says so too, and what groups them" says "--model NAME groups"
run models
ok "models needs files" exits 2
done_testing
