#!/bin/bash
# The HTTP server behind TLS, reachable from other machines: with a token for everything that is not said on this one.
. "$(dirname "$0")/../kit/tap.sh"

port=$((20000 + ($$ + 7000) % 12000))
umask 077
printf 'a-push-token-of-the-tests\n' >"$work/push.token"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=leeway.example \
    -addext 'subjectAltName=DNS:leeway.example' -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
cat >"$work/leeway.yaml" <<YAML
store: $work/leeway.db
sources: [{type: http}]
sinks: [{type: file, path: $work/events.ndjson, events: [alert, run, metric]}]
http: {listen: "0.0.0.0:$port", token_file: $work/push.token, certificate: $work/cert.pem, key: $work/key.pem, hosts: [leeway.example]}
YAML
trap 'kill -KILL "$daemon" 2>/dev/null; wait "$daemon" 2>/dev/null; rm -rf "$work"' EXIT
"$LEEWAY" watch -c "$work/leeway.yaml" 2>"$work/log" &
daemon=$!
for _ in $(seq 200); do
    [ -S "$work/leeway.sock" ] && break
    sleep 0.05
done
tls() { # options of s_client; the request on standard input
    openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$port" -CAfile "$work/cert.pem" -verify_return_error \
        -verify_hostname leeway.example "$@" >"$work/reply" 2>"$work/tls"
}
send() { # head lines, and a body
    {
        printf '%b' "$1"
        sleep 0.5
    } | tls
    cat "$work/reply"
}
answers() { send "$2" | grep -q "^HTTP/1.1 $1" || { cat "$work/reply" "$work/tls"; return 1; }; }

ok 'over TLS it answers' answers 200 'GET /healthz HTTP/1.1\r\nHost: leeway.example\r\nConnection: close\r\n\r\n'
ok 'a push without the token is refused' answers 401 'POST /v1/metrics HTTP/1.1\r\nHost: leeway.example\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'
body='{"time":"2026-03-01T10:00:00Z","model":"m","run":"r","metric":"auc","value":0.9}\n'
ok 'a push with the token is taken' answers 200 "POST /v1/metrics HTTP/1.1\r\nHost: leeway.example\r\nAuthorization: Bearer a-push-token-of-the-tests\r\nContent-Type: application/json\r\nContent-Length: 81\r\n\r\n$body"
log='[06/12/2019 14:03:00 INFO 140] Epoch[0] Validation-accuracy=0.5\n'
push_log() { # query
    answers "$2" "POST /v1/metrics$1 HTTP/1.1\r\nHost: leeway.example\r\nAuthorization: Bearer a-push-token-of-the-tests\r\nContent-Type: application/octet-stream\r\nContent-Length: 64\r\n\r\n$log"
}
arrives() { # text
    for _ in $(seq 100); do
        grep -q "$1" "$work/events.ndjson" 2>/dev/null && return
        sleep 0.05
    done
    return 1
}
ok 'a training log is taken' push_log '?run=job%2D7' 200
ok 'as the run that the request names' arrives '"trainingJobName":"job-7"'
ok 'a training log without a name is refused' push_log '' 400
ok 'with what to do' grep -q 'the body is a training log, which does not say which run it is of: name it, as in ?run=NAME' "$work/reply"
ok 'a name that cannot be one is refused' push_log '?run=%zz' 400
ok 'Firehose is answered as it wants it' eval 'send "POST /v1/firehose HTTP/1.1\r\nHost: leeway.example:443\r\nX-Amz-Firehose-Access-Key: a-push-token-of-the-tests\r\nX-Amz-Firehose-Request-Id: ab-1\r\nContent-Type: application/json\r\nContent-Length: 47\r\n\r\n{\"requestId\":\"ab-1\",\"timestamp\":1,\"records\":[]}" | grep -q "{\"requestId\":\"ab-1\",\"timestamp\":[0-9]*}"'
ok 'another name is none of this server' answers 421 'GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'
printf 'GET /healthz HTTP/1.1\r\n\r\n' | tls -tls1_1
ok 'old versions of TLS are not spoken' test ! -s "$work/reply"
# In a shell of its own: the server may hang up while it writes.
(
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n' >&3
    head -c 12 <&3 >"$work/plain"
) 2>/dev/null
ok 'nothing is said without TLS' eval '! grep -qa HTTP "$work/plain"'
ok 'it serves on after all that' answers 200 'GET /readyz HTTP/1.1\r\nHost: leeway.example\r\nConnection: close\r\n\r\n'
done_testing
