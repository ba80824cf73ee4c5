#!/bin/bash
# Secrets are planted in every place that has one, the daemon and the commands live through all kinds of trouble with them,
# and then everything that was written, said or shown is searched: raw, percent-encoded, in base64, and for the first eight
# characters. They may be in the files they were planted in, and in what the double of Loggly received.
. "$(dirname "$0")/../kit/tap.sh"
. "$(dirname "$0")/../kit/loggly.sh"
top=$(cd "$(dirname "$0")/../.." && pwd)
umask 077
mkdir "$work/secret" "$work/seen"
loggly_ingest=c4n4ry01-7e57-4b1d-9f00-1ngestt0ken1
loggly_api=c4n4ry02-7e57-4b1d-9f00-ap1t0ken0002
printf 'ingest %s\napi %s\n' "$loggly_ingest" "$loggly_api" >"$work/secret/double"
loggly_start --tokens "$work/secret/double"
mv "$work/ingest.token" "$work/api.token" "$work/secret/"
push=Zk3canaryPushT0ken-9913
hook=Qw7canaryHookPath-55120
aws=Vx8/canary+AwsSecret/KEY+0123456789abcdef
session=Ht5canarySess1on//T0ken+=77
printf '%s\n' "$push" >"$work/secret/push.token"
printf '%s/services/%s?key=%s\n' "$loggly_url" "$hook" "$hook" >"$work/secret/hook.url"
printf '[default]\naws_access_key_id = AKIAEXAMPLEEXAMPLE12\naws_secret_access_key = %s\naws_session_token = %s\n' "$aws" "$session" \
    >"$work/secret/credentials"
printf '%s\n' "$loggly_ingest" "$loggly_api" "$push" "$hook" "$aws" "$session" >"$work/secret/all"
export AWS_SHARED_CREDENTIALS_FILE=$work/secret/credentials AWS_EC2_METADATA_DISABLED=true HOME=$work/seen
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
port=$((20000 + ($$ + 3000) % 12000))
for name in good wrong; do
    cat >"$work/$name.yaml" <<YAML
store: $work/seen/leeway.db
control: $work/leeway.sock
notify_from: 1970-01-01
quiet_period: 1m
heartbeat: 10s
log: {level: debug}
http: {listen: "127.0.0.1:$port", token_file: $work/secret/push.token}
sources:
  - {type: http}
  - {type: loggly, subdomain: example, endpoint: $([ $name = good ] && echo "$loggly_url" || echo https://localhost:1), token_file: $work/secret/api.token, ca_file: $loggly_ca, poll: 10s}
  - {type: cloudwatch, regions: [us-east-1], endpoint: "$loggly_url", ca_file: $loggly_ca}
sinks:
  - {type: loggly, url: $loggly_url, token_file: $work/secret/ingest.token, ca_file: $loggly_ca}
  - {type: webhook, name: hook, url_file: $work/secret/hook.url, ca_file: $loggly_ca, events: [alert, run, loss]}
  - {type: webhook, name: pager, format: pagerduty, url: "$loggly_url/pager", token_file: $work/secret/push.token, ca_file: $loggly_ca}
  - {type: file, path: $work/seen/events.ndjson, events: [alert, run, summary, metric, loss, heartbeat]}
YAML
done
trap 'kill -KILL "$daemon" "$loggly_process" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
begin() { # configuration
    "$LEEWAY" watch -c "$work/$1.yaml" >>"$work/seen/watch.out" 2>>"$work/seen/watch.log" &
    daemon=$!
    for _ in $(seq 200); do
        [ -S "$work/leeway.sock" ] && break
        sleep 0.05
    done
    cat "/proc/$daemon/cmdline" "/proc/$daemon/environ" >>"$work/seen/process.$daemon"
}
end() {
    kill -TERM "$daemon"
    wait "$daemon"
    daemon=$!
}
kept=0
keep() { # name, command: what it says is an artefact
    local name=$1
    shift
    kept=$((kept + 1))
    timeout 30 "$@" >"$work/seen/$name.$kept" 2>&1 </dev/null
}
http() { # head lines, body
    exec 8<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf '%b\r\nHost: localhost:%d\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' "$1" "$port" "${#2}" "$2" >&8
    timeout 5 cat <&8 >>"$work/seen/http"
    echo >>"$work/seen/http" # bodies have no line end
    exec 8>&-
}
talk() {
    local i now
    now=$(date +%s)
    http "POST /v1/metrics HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer $push" \
        "$(for i in 1 2 3 4 5 6; do printf '{"time":%d000,"model":"m","run":"r%d%d","metric":"auc","value":0.%d}\n' $((now - 3600 * i)) "$i" "$now" "$i"; done)"
    http "POST /v1/metrics HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer ${push}x" '{}'
    http "POST /v1/metrics?token=none HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer $push" '{"broken'
    http "POST /v1/firehose HTTP/1.1\r\nContent-Type: application/json\r\nX-Amz-Firehose-Access-Key: $push" '{"requestId":"a","timestamp":1,"records":[{"data":"?"}]}'
    for i in /metrics /v1/runs /v1/alerts /healthz /readyz /nowhere; do http "GET $i HTTP/1.1\r\nAuthorization: Bearer $push" ''; done
    keep alerts "$LEEWAY" alerts -c "$work/good.yaml"
    keep mute "$LEEWAY" mute m --until 2099-01-01 -c "$work/good.yaml"
    keep test-alert "$LEEWAY" test-alert -c "$work/good.yaml"
    timeout 5 python3 -c '
import socket, sys
for line in sys.argv[2:]:
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(3)
        s.connect(sys.argv[1])
        s.sendall(line.encode() + b"\n")
        print(s.recv(1 << 20).decode())' "$work/leeway.sock" '{"command":"status"}' '{"command":"no"}' '{"broken' >>"$work/seen/control" 2>&1
}
trouble() { # certificate, rule of the double
    loggly_ask /double/settings "{\"certificate\":\"$1\"}" >/dev/null
    loggly_ask /double/faults "$2" >/dev/null
    talk
    keep doctor "$LEEWAY" doctor -c "$work/good.yaml" --patience 2s
    keep fetch "$LEEWAY" fetch loggly --subdomain example --endpoint "$loggly_url" --ca-file "$loggly_ca" --token-file "$work/secret/api.token" --give-up 2s -o "$work/seen/fetched"
    keep fetch "$LEEWAY" fetch cloudwatch --region us-east-1 --endpoint "$loggly_url" --ca-file "$loggly_ca" --give-up 2s -o "$work/seen/fetched"
}
begin good
talk
trouble good '[{"on":"any","status":403,"times":-1}]'
trouble good '[{"on":"any","reset":"before","times":-1}]'
trouble wrong_host '[]'
trouble untrusted '[]'
kill -HUP "$daemon"
for _ in $(seq 200); do # while it reads its configuration anew, it does not listen
    grep -q 'was read anew' "$work/seen/watch.log" && break
    sleep 0.05
done
talk
keep backup "$LEEWAY" store backup "$work/seen/backup.db" --store "$work/seen/leeway.db"
cp "$work/seen/leeway.db-wal" "$work/seen/copy-wal" 2>/dev/null
end
begin wrong
talk
end
for command in 'config show --origin' 'config check' 'doctor --format ndjson --patience 2s'; do
    keep "${command%% *}" "$LEEWAY" $command -c "$work/good.yaml"
done
keep store "$LEEWAY" store info --store "$work/seen/leeway.db"
chmod 644 "$work/secret/push.token"
keep refused "$LEEWAY" watch --once -c "$work/good.yaml"
loggly_ask /double/settings '{"certificate":"good"}' >/dev/null
loggly_ask /double/faults '[]' >/dev/null
loggly_ask /double/stats >"$work/stats"

search() { python3 - "$work/secret/all" "$@" <<'PY'
import base64, os, sys, urllib.parse
needles = {}
for line in open(sys.argv[1]):
    secret = line.strip().encode()
    forms = [secret[:8], urllib.parse.quote(secret, safe="").encode()[:12], secret.hex().encode()[:16], secret.hex().upper().encode()[:16]]
    for shift in range(3):  # wherever it begins within groups of three bytes; characters that mix in neighbours are left out
        coded = base64.b64encode(b"\0" * shift + secret)[(0, 2, 3)[shift]:]
        forms += [coded[:10], coded[:10].replace(b"+", b"-").replace(b"/", b"_")]
    for form in forms: needles[form] = secret
hits = files = 0
for place in sys.argv[2:]:
    for folder, _, names in os.walk(place):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.isfile(path): continue
            files += 1
            data = open(path, "rb").read()
            for needle in needles:
                if needle in data:
                    at = data.index(needle)
                    print(name, "has", needle, "in", data[max(0, at - 60):at + 60])
                    hits += 1
print(files, "files,", hits, "hits")
sys.exit(1 if hits else 0 if files >= 40 else 2)
PY
}
ok 'the daemon told much, at level debug' test "$(wc -l <"$work/seen/watch.log")" -gt 20
ok 'the trouble was seen' grep -q 403 "$work/seen/watch.log"
ok 'pushed metrics were answered' grep -q '^HTTP/1.1 200' "$work/seen/http"
ok 'and refused without the token' grep -q '^HTTP/1.1 401' "$work/seen/http"
ok 'commands were answered' grep -q '"ok":true' "$work/seen/control"
ok 'a copy of the store was made' test -s "$work/seen/backup.db"
ok 'no artefact holds a secret, or a part of one' search "$work/seen"
search "$work/seen" | tail -1 | sed 's/^/# /'
mkdir "$work/proof"
head -c 30000 /dev/zero >"$work/proof/a"
printf 'x%s' "$(printf '%s' "$aws" | base64 -w0)" >>"$work/proof/a"
ok 'the search finds what is there' eval '! search "$work/proof" >/dev/null'
done_testing
