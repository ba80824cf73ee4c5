#!/bin/bash
# The same history in every form that can carry it whole gives the same models: runs, summaries, findings, alerts.
. tests/kit/tap.sh

"$LEEWAY" simulate --runs 24 --seed 7 --drift 'validation:accuracy:-0.02@18' >"$work/lines" || exit 1
"$LEEWAY" analyze --format json "$work/lines" | sed -n '/^  "models"/,$p' >"$work/models"
ok "the history has models to compare" grep -q '"alerts"' "$work/models"

form() { # NAME FORMAT: the form is in $work/form
    "$LEEWAY" analyze --format json "$work/form" >"$work/report" 2>"$work/err"
    ok "$1: known by its content" grep -q "\"format\": \"$2\"" "$work/report"
    sed -n '/^  "models"/,$p' "$work/report" >"$work/other"
    ok "$1: the same models" same "$work/models" "$work/other"
}

escaped() { sed 's/["\\]/\\&/g' "$work/lines"; }

sed 's/.*/{"event":{"json":&}}/' "$work/lines" >"$work/form"
form "event objects, parsed" loggly-export
{
    printf '{"total_events":1,"page":0,"events":['
    sed 's/.*/{"event":{"json":&},"logmsg":"x"}/' "$work/lines" | paste -sd, | tr -d '\n'
    printf ']}\n'
} >"$work/form"
form "one page on one line" loggly-export
{
    printf '['
    escaped | sed 's/.*/{"logmsg":"&"}/' | paste -sd,
    printf ']'
} >"$work/form"
form "an array of messages as text" loggly-export
escaped | sed 's/.*/{"id":"a","logmsg":"plain","raw":"&"}/' >"$work/form"
form "raw messages" loggly-export
{
    printf '[\n'
    paste -sd, "$work/lines"
    printf ']\n'
} >"$work/form"
form "an array of the events themselves" loggly-export
sed 's/"timestamp"/"lw_event":"metric","lw_id":"a","timestamp"/' "$work/lines" >"$work/form"
form "leeway's own metrics" loggly
sed 's/,/,\n  /g; s/{/{\n  /; s/}/\n}/' "$work/lines" >"$work/form"
form "printed over many lines" loggly
{
    printf '\357\273\277\r\n'
    sed 's/$/\r/' "$work/lines"
} >"$work/form"
form "with a byte order mark and carriage returns" loggly
gzip -c "$work/lines" >"$work/form"
form "compressed" loggly
# Without the average, which is the sum over the count.
sed -E 's/"average":[^,]*,//; s/"trainingJobName":("[^"]*")/"dimensions":{"TrainingJobName":\1}/
    s/"host":("[^"]*")/"dimensions":{"Host":\1}/; s/"metricName"/"metric_name"/
    s/"sampleCount":([^,]*),"sum":([^,]*),"minimum":([^,]*),"maximum":([^,]*)/"value":{"count":\1,"sum":\2,"min":\3,"max":\4,"p99":0}/' \
    "$work/lines" >"$work/form"
form "a metric stream" metric-stream
{
    echo 'json.timestamp,json.sampleCount,json.average,json.sum,json.minimum,json.maximum,json.metricName,json.namespace,json.trainingJobName,json.host'
    sed -E 's/^\{"timestamp":"([^"]*)","sampleCount":([^,]*),"average":([^,]*),"sum":([^,]*),"minimum":([^,]*),"maximum":([^,]*),"metricName":"([^"]*)","namespace":"([^"]*)",(.*)\}$/\1,\2,\3,\4,\5,\6,\7,\8,\9/
        s/"trainingJobName":"([^"]*)"$/\1,/; s/"host":("[^"]*")$/,\1/' "$work/lines"
} >"$work/form"
form "a table" loggly-csv
done_testing
