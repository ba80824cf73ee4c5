# The daemon for scenarios in shell, after tests/kit/tap.sh (and tests/kit/loggly.sh): $work/leeway.yaml is its
# configuration, $port where it listens, $work/log what it tells, $work/push.token what a push needs.
port=$((20000 + ($$ * 7) % 12000))
here=(-c "$work/leeway.yaml")
(umask 077; echo a-push-token-of-the-tests >"$work/push.token")
http="http: {listen: \"127.0.0.1:$port\", token_file: $work/push.token}"
daemon=
trap 'kill -KILL $daemon ${loggly_process:-} 2>/dev/null; rm -rf "$work"' EXIT

watch_start() {
    "$LEEWAY" watch "${here[@]}" "$@" 2>>"$work/log" &
    daemon=$!
    eventually test -S "$work/leeway.sock"
}
# Signal: ends the daemon; $status is its exit code, $took the time that it needed in ms.
watch_stop() {
    local began
    began=$(date +%s%3N)
    kill "$1" "$daemon"
    wait "$daemon" 2>/dev/null
    status=$?
    took=$(($(date +%s%3N) - began))
    daemon=
}
. tests/kit/http.sh
alive() { kill -0 "$daemon"; }
accepts() { push "$1" && replied 'HTTP/1.1 200'; }
# A line of /metrics is there as it is given.
counts() { get /metrics && grep -qax -- "$1" "$work/reply" || { grep -a "^${1%%[\{ ]*}" "$work/reply"; return 1; }; }
logged() { grep -qaF -- "$1" "$work/log" || { echo "not in the log: $1"; tail -n 8 "$work/log"; return 1; }; }
# $1 points of model $2, of run $3 on.
points() { # how many, model, first number
    python3 -c '
import sys
n, model, first = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for i in range(first, first + n):
    print("{\"time\":%d,\"model\":\"%s\",\"run\":\"r-%04d\",\"metric\":\"loss\",\"value\":%d}" % (1750000000000 + i * 1000, model, i // 100, i))' "$@"
}
# The values of such points among the events on standard input, in order, as often as they are there; of the runs $1-... alone.
point_values() { grep '"metricName":"loss"' | grep -- "\"${1:+$1-}" | grep -o '"average":[0-9]*' | cut -d : -f 2 | sort -n; }
at_loggly() { loggly_ask /double/events | point_values "$@" | uniq; }
# The points of the runs $1-... with the numbers from 0 up to $2 are at Loggly.
arrived() { [ "$(at_loggly "$1")" = "$(seq 0 $(($2 - 1)))" ] || { at_loggly "$1" | tail -n 3; return 1; }; }
