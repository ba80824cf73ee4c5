#!/bin/bash
# What is pushed is judged; people answer what is told, with and without a daemon, across restarts.
. "$(dirname "$0")/../kit/tap.sh"
. "$(dirname "$0")/../kit/http.sh"

# Below the ports that the kernel gives to others.
port=$((20000 + $$ % 12000))
umask 077
printf 'a-push-token-of-the-tests\n' >"$work/push.token"
cat >"$work/leeway.yaml" <<YAML
store: $work/leeway.db
quiet_period: 1s
sources:
  - {type: http}
sinks:
  - {type: file, path: $work/events.ndjson}
http: {listen: "127.0.0.1:$port", token_file: $work/push.token}
YAML
here=(-c "$work/leeway.yaml")

start() {
    "$LEEWAY" watch "${here[@]}" 2>>"$work/log" &
    daemon=$!
    for _ in $(seq 200); do
        [ -S "$work/leeway.sock" ] && return 0
        sleep 0.05
    done
    return 1
}
stop() {
    kill "$1" "$daemon" 2>/dev/null
    wait "$daemon" 2>/dev/null
}
trap 'stop -KILL; rm -rf "$work"' EXIT
an_alert_is_open() {
    run alerts "${here[@]}" --format json
    id=$(grep -o '"id":"[a-z2-7]\{26\}"' "$work/out" | head -n 1 | cut -d '"' -f 4)
    [ -n "$id" ]
}
# The output without its line ends.
reads() { tr -s "\n " " " <"$work/out" | grep -qF -- "$1" || { echo "not in the output: $1"; cat "$work/out"; return 1; }; }
told() { grep -q -- "$1" "$work/events.ndjson"; }

# Of the last two days: what is long past would be told as stale.
"$LEEWAY" simulate --runs 50 --start "$(date -u -d '-50 hours' +%Y-%m-%dT%H:%M:%SZ)" --drift 'validation:accuracy:-0.03@40' -o "$work/history.ndjson"

start
ok 'the daemon starts and listens' test -S "$work/leeway.sock"
ok 'a history is pushed' push "$work/history.ndjson"
ok 'and accepted once it is stored' replied '"accepted":'
ok 'an alert opens' eventually an_alert_is_open
run alerts "${here[@]}"
changed=$("$LEEWAY" alerts "${here[@]}" --format json | grep -o '"change_run":"[^"]*"' | head -n 1 | cut -d '"' -f 4)
ok 'alerts shows the name of the run, and what to do with it' eval 'says "since run $changed" && says "leeway expect MODEL --from RUN"'
ok 'alerts shows its severity, its id and its sentence' eval 'says "$id" && says ticket && says "validation:accuracy fell"'
get /metrics
ok 'the numbers say so' eventually replied 'leeway_alerts{state="open"} 1'
get /v1/alerts
ok 'the list is for those with the token' replied '401 Unauthorized'

sed 's/^quiet_period/models: [{match: "*", alert: info}]\n&/' "$work/leeway.yaml" >"$work/info.yaml"
sed 's/^quiet_period/models: [{match: "*", alert: observe}]\n&/' "$work/leeway.yaml" >"$work/observe.yaml"
{ printf 'GET /v1/alerts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a-push-token-of-the-tests\r\n'
  printf 'Connection: close\r\n\r\n'; } | request
ok 'it has two parts, and the alert is in the one of those that are sent' eval \
    'replied "\"severity\":\"ticket\"" && replied "$id" && replied "\"observed\":[]"'

run ack nonsense "${here[@]}"
ok 'an alert that is none cannot be acknowledged' eval 'exits 2 && complains "leeway alerts"'
run ack "$id" --for 7d --reason 'looking into it' "${here[@]}"
ok 'an alert is acknowledged for a week' eval 'exits 0 && says acknowledged'
ok 'the sinks are told' eventually told '"lw_state":"acknowledged"'
run alerts "${here[@]}"
ok 'alerts says who is on it until when' says 'acknowledged until'
run expect nothing-like-it --from now "${here[@]}"
ok 'a misspelt model is no model' eval 'exits 2 && complains "check how it is written"'
# The stamp of the run's name, 22 Nov 15:31:51, is before the start that its data show.
stamp=${changed#simulated-} && date=${stamp%-*-*-*} && time=${stamp#"$date"-} && time=${time//-/:}
run expect simulated --from "${date}T$time" --series cost "${here[@]}"
ok 'the time in the name of the run means that run' eval 'exits 0 && reads "from run $changed on"'
run expect simulated --from "${date}T${time%:*}" --series cost "${here[@]}"
ok 'so it does without its seconds' reads "from run $changed on"
run expect simulated --from "$changed" --series cost "${here[@]}"
ok 'as does the name' reads "from run $changed on"
run mute simulated --until 12h "${here[@]}"
ok 'a model is muted' eval 'exits 0 && says "is muted until"'
run mute simulated --until now "${here[@]}"
ok 'and not any more' eval 'exits 0 && says "not muted any more"'
run test-alert "${here[@]}"
ok 'a test alert is sent' exits 0
ok 'and arrives' eventually told '"lw_model":"leeway-test"'
run doctor --offline "${here[@]}"
ok 'the doctor finds nothing wrong' eval 'exits 0 && says "it runs, and answers"'

stop -KILL
ok 'a killed daemon leaves its socket behind' test -S "$work/leeway.sock"
run alerts "${here[@]}"
ok 'without it the alerts are still told' eval 'exits 0 && says "$id"'
run alerts -c "$work/info.yaml"
ok 'no graver than the configuration lets them be told' eval 'grep -q "^info .*$id" "$work/out" && ! grep -q ticket "$work/out"'
run alerts -c "$work/observe.yaml"
ok 'those that are only observed are apart, and said to be' eval \
    'says "no alert is open" && says "only observed" && sed -n "/only observed/,\$p" "$work/out" | grep -q "ticket.*$id"'
run alerts -c "$work/observe.yaml" --format json
ok 'in JSON too' eval 'says "\"alerts\":[],\"observed\":[{\"id\":\"$id\""'
run ack "$id" --rebaseline --reason 'v2 features' "${here[@]}"
ok 'and the new level is accepted' eval 'exits 0 && says "acknowledged: the level since run"'
start
no_alert_is_open() { run alerts "${here[@]}" && says 'no alert is open'; }
ok 'the daemon takes that up: nothing is open any more' eventually no_alert_is_open
run expect simulated --from 2030-01-01 --series duration --reason 'larger machines' "${here[@]}"
ok 'a change to come is noted' eval 'exits 0 && says "a change of duration of simulated is expected" && reads "the first run that starts 1 Jan 2030 00:00 UTC or later"'
for from in "\"from\":\"${date}T$time\"" "\"from\":\"${date}T${time%:*}\"" "\"run\":\"$changed\""; do
    printf '{"at":"2026-01-01","kind":"expect","model":"simulated",%s,"reason":"v2 features"}\n' "$from" >"$work/notes.ndjson"
    run analyze "$work/history.ndjson" --notes "$work/notes.ndjson" --fail-on drift
    ok "offline the note $from means that run too" eval 'exits 0 && reads "acknowledged"'
done
run analyze "$work/history.ndjson" --fail-on drift
ok 'which is an alert without it' exits 1
stop -TERM
ok 'it ends as told' test ! -S "$work/leeway.sock"
ok 'no secret is in the log, the events or the store' eval '! grep -qa a-push-token "$work/log" "$work/events.ndjson" "$work/leeway.db"'
done_testing
