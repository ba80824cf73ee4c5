#!/bin/bash
# Whoever is slow on purpose: clients that dribble their requests, a Loggly that dribbles its replies. Everybody else is
# served meanwhile, and nothing is lost.
. tests/kit/tap.sh
. tests/kit/loggly.sh
loggly_start
. tests/kit/watch.sh

cat >"$work/leeway.yaml" <<Y
store: $work/leeway.db
sources: [{type: http}, {type: file, path: $work/followed.ndjson}]
sinks:
  - {type: loggly, url: "$loggly_url", token_file: $work/ingest.token, ca_file: $loggly_ca, metrics: always}
  - {type: file, path: $work/out.ndjson, events: [metric, alert, run]}
heartbeat: 1h
$http
Y
touch "$work/followed.ndjson"
in_file() { [ "$(point_values "$1" <"$work/out.ndjson" | uniq)" = "$(seq 0 $(($2 - 1)))" ]; }
of_run() { sed "s/\"r-/\"$1-/"; }
# Long before anybody who dribbles is through.
at_once() { local began; began=$(date +%s%3N); "$@" && test $(($(date +%s%3N) - began)) -lt 3000; }
watch_start

# ---- clients that dribble ----
# Ten send a head without end, ten a body that comes a few bytes at a time; the last body is whole in the end.
points 5 m 0 | of_run slow >"$work/slow.points"
python3 - "$port" "$work/slow.points" >"$work/dribblers" <<'P' &
import select, socket, sys, time
port, body = int(sys.argv[1]), open(sys.argv[2], "rb").read()
head = b"POST /v1/metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n" \
       b"Authorization: Bearer a-push-token-of-the-tests\r\nConnection: close\r\n"
clients = []
for i in range(20):
    s = socket.create_connection(("127.0.0.1", port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    endless = i % 2 == 0
    text = head + b"X-Pad: " + b"a" * 4000 if endless else head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    clients.append({"socket": s, "left": text, "endless": endless, "got": b"", "step": 1 if endless else 20})
began = time.time()
print("begun", flush=True)
while clients and time.time() - began < 30:
    for c in list(clients):
        try:
            if c["left"]:
                n = c["socket"].send(c["left"][:c["step"]])
                c["left"] = c["left"][n:]
            while select.select([c["socket"]], [], [], 0)[0]:
                more = c["socket"].recv(4096)
                c["got"] += more
                if not more:
                    raise ConnectionError
        except OSError:
            print("endless" if c["endless"] else "body", c["got"][:12].decode(), "%.1f" % (time.time() - began), flush=True)
            clients.remove(c)
    time.sleep(0.1)
P
dribbling=$!
eventually grep -q begun "$work/dribblers"
for i in 0 1 2; do
    points 10 m $((i * 10)) | of_run quick >"$work/points"
    ok "while twenty dribble, another is served ($i)" at_once accepts "$work/points"
    points 10 m $((i * 10)) | of_run followed >>"$work/followed.ndjson"
    ok "and the feed goes on ($i)" eventually arrived followed $((i * 10 + 10))
done
ok 'they dribble still' kill -0 "$dribbling"
ok 'health is told at once' at_once eval 'get /healthz && replied "HTTP/1.1 200"'
wait "$dribbling"
ok 'a head that does not end is cut off after ten seconds' eval '[ "$(grep -c "^endless HTTP/1.1 408 1[0-2]" "$work/dribblers")" = 10 ] || { cat "$work/dribblers"; false; }'
ok 'a slow body that is whole in the end is taken' eval '[ "$(grep -c "^body HTTP/1.1 200" "$work/dribblers")" = 10 ] || { cat "$work/dribblers"; false; }'
ok 'what it had arrives' eventually arrived slow 5
ok 'what the others pushed too' eventually arrived quick 30

# ---- a Loggly that dribbles ----
# 50 bytes a second of a reply of 20 000 bytes, to every request with these datapoints; the events are not kept.
filler=$(printf '%020000d' 0)
loggly_ask /double/faults "[{\"match\":\"\\\"stuck-\",\"status\":200,\"store\":false,\"trickle\":1,\"times\":-1,\"body\":\"$filler\"}]" >"$work/.ignored"
points 10 m 0 | of_run stuck >"$work/points"
ok 'a push is accepted, whatever Loggly does with it' at_once accepts "$work/points"
used() { loggly_ask /double/stats | grep -q '"faults_used":[1-9]'; }
ok 'the reply for it begins to dribble' eventually used
"$LEEWAY" test-alert "${here[@]}" >"$work/test-alert" 2>&1
told() { loggly_ask /double/events | grep -q '"lw_event":"alert"'; }
ok 'an alert passes it' eventually told
points 10 m 10 | of_run stuck >"$work/points"
ok 'pushes are accepted' at_once accepts "$work/points"
ok 'the other sink has everything' eventually in_file stuck 20
ok 'nothing was taken for delivered' test -z "$(at_loggly stuck)"
loggly_ask /double/faults '[]' >"$work/.ignored"
watch_stop -TERM
ok 'TERM does not wait for it' test "$took" -lt 5500
watch_start
ok 'in the end Loggly has everything too' eventually arrived stuck 20
ok 'no id has two bodies' loggly_agrees
watch_stop -TERM
ok 'it ends as always' test "$status" -eq 0
done_testing
