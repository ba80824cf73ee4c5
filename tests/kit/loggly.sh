# A double of Loggly for scenarios in shell, after tests/kit/tap.sh: loggly_start [--plain ...] sets $loggly_url,
# $loggly_control, $loggly_ca and makes the files $work/ingest.token and $work/api.token; it ends with the script. How it is
# driven: tests/kit/double/loggly_double.h.
LOGGLY=${LOGGLY:-$(dirname "$LEEWAY")/tests/double/loggly}
loggly_ingest=0a1b2c3d-0000-4000-8000-00000000cafe
loggly_api=0a1b2c3d-0000-4000-8000-0000000000af

loggly_start() {
    "$LOGGLY" --ca-file "$work/loggly-ca.pem" "$@" >"$work/loggly.out" 2>"$work/loggly.err" &
    loggly_process=$!
    trap 'kill "$loggly_process" 2>/dev/null; rm -rf "$work"' EXIT
    for _ in $(seq 100); do
        [ -s "$work/loggly.out" ] && break
        sleep 0.05
    done
    read -r loggly_url loggly_control loggly_ca <"$work/loggly.out"
    (umask 077; echo "$loggly_ingest" >"$work/ingest.token"; echo "$loggly_api" >"$work/api.token")
}
# URL (plain http), file with a body (none: GET), further headers ("Name: value\r\n"): the body of the reply.
loggly_http() {
    local rest=${1#http://} host path
    host=${rest%%/*}
    path=/${rest#*/}
    exec 9<>"/dev/tcp/${host%:*}/${host#*:}" || return 1
    {
        printf '%s %s HTTP/1.1\r\nHost: %s\r\n%bContent-Length: %d\r\n\r\n' "$([ -n "${2:-}" ] && echo POST || echo GET)" \
            "$path" "$host" "${3:-}" "$([ -n "${2:-}" ] && wc -c <"$2" || echo 0)"
        [ -n "${2:-}" ] && cat "$2"
    } >&9
    python3 -c '
import sys
f = sys.stdin.buffer
n = 0
while (line := f.readline().strip()):
    if line.lower().startswith(b"content-length:"): n = int(line.split(b":")[1])
sys.stdout.buffer.write(f.read(n))' <&9
    exec 9>&-
}
# /double/PATH [TEXT]: a request to the control port.
loggly_ask() {
    if [ $# -gt 1 ]; then
        printf '%s' "$2" >"$work/loggly.ask"
        loggly_http "$loggly_control$1" "$work/loggly.ask"
    else
        loggly_http "$loggly_control$1"
    fi
}
# No two events with one id differ.
loggly_agrees() { loggly_ask /double/received | tail -n 1 | grep -q '"conflicts":0' || { loggly_ask /double/received | tail -n 1; return 1; }; }
