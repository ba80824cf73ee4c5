#!/bin/bash
# `leeway fetch loggly` against the double of Loggly, over TLS: every event once, through pages and faults, into a file in
# which analyze finds what it finds in what was sent.
. tests/kit/tap.sh
. tests/kit/loggly.sh
loggly_start
"$LEEWAY" simulate --runs 30 --start "$(date -u -d '-40 hours' +%Y-%m-%dT%H:00:00Z)" --drift 'validation:accuracy:-0.05@20' \
    -o "$work/history.ndjson"
# Over TLS: a file of events, one per line, with a tag.
send() { # file, tag
    python3 -c '
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[1])
lines = open(sys.argv[3], "rb").read().splitlines(keepends=True)
for i in range(0, len(lines), 500):
    request = urllib.request.Request(sys.argv[2], data=b"".join(lines[i:i + 500]), headers={"Content-Type": "text/plain"})
    assert b"ok" in urllib.request.urlopen(request, context=context).read()' \
        "$loggly_ca" "$loggly_url/bulk/$loggly_ingest/tag/$2/" "$1"
}
ok 'the history is in Loggly' send "$work/history.ndjson" CloudwatchMetrics
printf '{"lw_event":"alert","lw_id":"a","lw_seq":1,"lw_session":"s","lw_message":"one of ours"}\n' >"$work/own.ndjson"
ok 'with an event of our own' send "$work/own.ndjson" CloudwatchMetrics,leeway
fetch() {
    run fetch loggly --endpoint "$loggly_url" --ca-file "$loggly_ca" --token-file "$work/api.token" --give-up "${patience:-3s}" \
        --since 3d "$@"
}
# What is judged, without where it was read from.
judged() {
    "$LEEWAY" analyze --format json "$1" | python3 -c '
import json, sys
report = json.load(sys.stdin)
print(json.dumps([report["models"], report.get("rejected")], indent=1, sort_keys=True))'
}

fetch -o "$work/runs.ndjson"
ok 'the events are fetched' exits 0
run analyze --format json "$work/runs.ndjson"
ok 'analyze reads the file as what it is' eval 'exits 0 && says "\"format\": \"fetched\""'
ok 'and finds the drift' says '"state": "open"'
judged "$work/history.ndjson" >"$work/sent.json"
judged "$work/runs.ndjson" >"$work/read.json"
ok 'it judges what it judges of the file that was sent' same "$work/sent.json" "$work/read.json"
ok 'in which there is something' test "$(wc -l <"$work/sent.json")" -gt 100
ok 'our own event was not read' eval '! grep -q "one of ours" "$work/runs.ndjson"'

loggly_ask /double/settings '{"page_max":137}' >/dev/null
loggly_ask /double/faults '[{"on":"iterate","status":503,"skip":2},{"on":"iterate","cut":3000,"skip":4},
    {"on":"iterate","truncate":2000,"skip":6},{"on":"iterate","status":429,"headers":{"Retry-After":"1"},"skip":8}]' >/dev/null
patience=1m fetch -o "$work/pages.ndjson"
ok 'many pages, some of them broken, only take time' exits 0
ok 'the faults were met' eval 'grep -q "\"faults_used\":4" <<<"$(loggly_ask /double/stats)"'
judged "$work/pages.ndjson" >"$work/read.json"
ok 'and nothing is lost or doubled' same "$work/sent.json" "$work/read.json"
fetch --query 'tag:NothingLikeIt' -o "$work/empty.ndjson"
ok 'a query without an event is no error' exits 0

run fetch loggly --endpoint "$loggly_url" --token-file "$work/api.token" --since 3d --give-up 1s -o "$work/none"
ok 'a certificate that nobody vouches for is an error' eval 'exits 3 && complains "certificate"'
loggly_ask /double/settings '{"next":"https://elsewhere.example.com/apiv2/events/iterate?next=1"}' >/dev/null
fetch -o "$work/none"
ok 'a next page at another host is not asked for' eval 'exits 3 && complains "another host"'
loggly_ask /double/settings '{"next":""}' >/dev/null
printf 'not-the-token-of-anybody\n' >"$work/api.token"
fetch -o "$work/none"
ok 'a wrong token is an error' eval 'exits 3 && complains "token"'
rm "$work/api.token"
fetch -o "$work/none"
ok 'a token that is not there is one' eval 'exits 3 && complains "api.token"'
ok 'none of them leaves a file' test ! -e "$work/none"
ok 'and nothing is left over' test "$(ls "$work" | grep -c part)" = 0
run fetch loggly --token-file "$work/api.token"
ok 'it wants to know which account' eval 'exits 2 && complains "--subdomain"'
run fetch loggly --subdomain acme
ok 'and where its token is' eval 'exits 2 && complains "--token-file"'
ok 'the token is in no file that was written' eval '! grep -qaF "$loggly_api" "$work"/*.ndjson "$work/err" "$work/out"'
done_testing
