#!/bin/bash
# What PagerDuty and Slack get, as a receiver on this machine sees it: in the form that they publish, the right life of an
# alert under one key, the same bytes on a second try, and many at once as one.
. tests/kit/tap.sh
. tests/kit/watch.sh

receiver_port=$((port + 1))
cat >"$work/receiver.py" <<'PY'
import http.server, json, sys
folder, n, sulk = sys.argv[2], 0, 1

class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global n, sulk
        body = self.rfile.read(int(self.headers["Content-Length"]))
        who = self.path.strip("/")
        status, reply = (202, b'{"status":"success","message":"Event processed"}') if who == "pager" else (200, b"ok")
        if sulk > 0:
            sulk, status, reply = sulk - 1, 429, b"slow down"
        n += 1
        with open("%s/%03d-%s-%d" % (folder, n, who, status), "wb") as file:
            file.write(self.headers["Content-Type"].encode() + b"\n" + body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *arguments):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
PY
mkdir "$work/got"
python3 "$work/receiver.py" "$receiver_port" "$work/got" &
loggly_process=$! # it ends with the daemon
disown "$loggly_process"
umask 077
echo 0123456789abcdef0123456789abcdef >"$work/pager.key"
echo "http://127.0.0.1:$receiver_port/slack" >"$work/slack.url"
cat >"$work/leeway.yaml" <<Y
store: $work/leeway.db
sources: [{type: http}]
models: [{match: "*", require: ["auc >= 0.5"], alert: page}]
sinks:
  - {type: webhook, name: pager, format: pagerduty, url: "http://127.0.0.1:$receiver_port/pager", token_file: $work/pager.key}
  - {type: webhook, name: slack, format: slack, url_file: $work/slack.url}
notify_from: 2020-01-01
quiet_period: 1s
heartbeat: 1h
$http
Y

# The forms, as they are published: PagerDuty Events API v2, Slack incoming webhooks.
cat >"$work/forms.py" <<'PY'
import datetime, json, os, re, sys
folder = sys.argv[1]

def text(value, most):
    assert isinstance(value, str) and 0 < len(value) <= most, value

def pager(event):
    assert set(event) <= {"routing_key", "event_action", "dedup_key", "payload", "client", "client_url", "links", "images"}
    assert re.fullmatch("[0-9a-zA-Z]{32}", event["routing_key"])
    assert event["event_action"] in ("trigger", "acknowledge", "resolve")
    text(event["dedup_key"], 255)
    if event["event_action"] == "trigger":
        payload = event["payload"]
        assert set(payload) <= {"summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"}
        text(payload["summary"], 1024)
        text(payload["source"], 255)
        assert payload["severity"] in ("critical", "error", "warning", "info")
        datetime.datetime.fromisoformat(payload["timestamp"].replace("Z", "+00:00"))
        assert isinstance(payload["custom_details"], dict)

def slack(message):
    assert set(message) <= {"text", "blocks"}
    text(message["text"], 40000)
    assert 1 <= len(message["blocks"]) <= 50
    total = 0
    for block in message["blocks"]:
        assert set(block) == {"type", "text"} and block["type"] == "section"
        assert set(block["text"]) == {"type", "text"} and block["text"]["type"] == "mrkdwn"
        text(block["text"]["text"], 3000)
        assert "<!" not in block["text"]["text"] and "<@" not in block["text"]["text"]
        total += len(block["text"]["text"])
    assert total <= 12000

for name in sorted(os.listdir(folder)):
    head, body = open(folder + "/" + name, "rb").read().split(b"\n", 1)
    assert head.split(b";")[0] == b"application/json" and len(body) <= 512 << 10, head
    (pager if "-pager-" in name else slack)(json.loads(body.decode("utf-8")))
PY
well_formed() { python3 "$work/forms.py" "$work/got"; }
run_of() { # model, number, value
    printf '{"time":%d,"model":"%s","run":"%s-%03d","metric":"auc","value":%s}\n' $((1750000000000 + $2 * 3600000)) "$1" "$1" "$2" "$3" \
        >"$work/points"
    push "$work/points"
}
# The actions that the pager took, in order.
actions() { cat "$work"/got/*-pager-202 2>/dev/null | grep -o '"event_action":"[a-z]*"' | cut -d '"' -f 4 | tr '\n' ' '; }
acts() { [ "$(actions)" = "$1" ] || { actions; return 1; }; }
keys() { cat "$work"/got/*-pager-202 | grep -o '"dedup_key":"[^"]*"' | sort -u | wc -l; }
slack_says() { cat "$work"/got/*-slack-200 2>/dev/null | grep -qF -- "$1"; }
requests() { find "$work/got" -name "*-$1-2*" | wc -l; }

watch_start
for i in 0 1 2 3; do run_of '<!channel>' $i 0.9; done
run_of '<!channel>' 4 0.3
ok 'a broken rule triggers the pager' eventually acts 'trigger '
ok 'and tells Slack' eventually slack_says 'lt;!channel'
ok 'what was refused with 429 was sent again with the same bytes' eval \
    'refused=$(ls "$work"/got/*-429) && who=${refused%-429} && cmp "$refused" "$(ls "$work"/got/*-"${who##*-}"-20* | head -n 1)"'
id=$("$LEEWAY" alerts "${here[@]}" --json 2>/dev/null | grep -o '"lw_alert_id":"[a-z2-7]*"' | head -n 1 | cut -d '"' -f 4)
[ -n "$id" ] || id=$("$LEEWAY" alerts "${here[@]}" | grep -oE '\b[a-z2-7]{26}\b' | head -n 1)
ok 'somebody takes care of it' eval '"$LEEWAY" ack "$id" "${here[@]}"'
ok 'the pager is told' eventually acts 'trigger acknowledge '
run_of '<!channel>' 5 0.9
ok 'the rule holds again: the pager is told' eventually acts 'trigger acknowledge resolve '
ok 'all of it under one key, that of the alert' eval '[ "$(keys)" = 1 ] && grep -q "\"dedup_key\":\"$id\"" "$work"/got/*-pager-202'
ok 'a test says that it is one' eval '"$LEEWAY" test-alert "${here[@]}" && eventually slack_says TEST'
# Kept while no daemon runs: all of it waits at once.
watch_stop -TERM
rm -f "$work/leeway.sock"
for _ in $(seq 30); do "$LEEWAY" test-alert "${here[@]}" >/dev/null 2>&1; done
before=$(requests pager)
watch_start
ok 'many at once come together' eventually eval 'cat "$work"/got/*-pager-202 | grep -q "\"alerts\":\["'
ok 'all of them' eventually eval '[ "$(cat "$work"/got/*-pager-202 | grep -o "\"alerts\":\[.*" | grep -o "\"lw_alert_id\"" | wc -l)" = 30 ]'
ok 'in one message' eval '[ "$(requests pager)" = $((before + 1)) ]'
ok 'on Slack too' eventually slack_says '30 messages of leeway'
ok 'all of that has the form that PagerDuty and Slack publish' well_formed
ok 'neither key nor address is in the log' eval '! grep -qE "0123456789abcdef|/slack" "$work/log"'
done_testing
