#!/bin/bash
# /metrics of a running daemon, read by the parser of Prometheus' own client library.
. "$(dirname "$0")/../kit/tap.sh"

port=$((20000 + ($$ + 3000) % 12000))
cat >"$work/leeway.yaml" <<YAML
store: $work/leeway.db
sources: [{type: http}]
sinks: [{type: file, path: $work/events.ndjson, name: 'a "quoted" name'}]
http: {listen: "127.0.0.1:$port"}
YAML
trap 'kill -KILL "$daemon" 2>/dev/null; wait "$daemon" 2>/dev/null; rm -rf "$work"' EXIT
"$LEEWAY" watch -c "$work/leeway.yaml" 2>"$work/log" &
daemon=$!
for _ in $(seq 200); do
    [ -S "$work/leeway.sock" ] && break
    sleep 0.05
done
cat >"$work/parse.py" <<'PY'
import sys, urllib.request
from prometheus_client.parser import text_string_to_metric_families

reply = urllib.request.urlopen("http://127.0.0.1:%s/metrics" % sys.argv[1])
assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4"), reply.headers["Content-Type"]
families = {family.name: family for family in text_string_to_metric_families(reply.read().decode("utf-8"))}
for family in families.values():
    assert family.type in ("counter", "gauge", "histogram"), (family.name, family.type)
    assert family.documentation and family.samples or family.name.endswith(("_age_seconds", "_lag_seconds")), family.name
assert families["leeway_turns"].type == "counter"
assert families["leeway_outbox_bytes"].samples[0].labels["sink"] == 'a "quoted" name'
slices = [s for s in families["leeway_slice_seconds"].samples if s.labels["kind"] == "commit"]
histogram = {s.labels["le"]: s.value for s in slices if s.name.endswith("_bucket")}
count = [s.value for s in slices if s.name.endswith("_count")]
bounds = sorted(histogram, key=float)
assert [histogram[b] for b in bounds] == sorted(histogram.values()) and histogram["+Inf"] == count[0]
assert sum(s.value for s in families["leeway_slice_seconds"].samples if s.name.endswith("_count")) > 0
print(len(families), "families")
PY
ok "Prometheus' client library reads /metrics" "$PEERS/bin/python3" "$work/parse.py" "$port"
done_testing
