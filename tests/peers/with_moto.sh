#!/bin/bash
# CloudWatch and SageMaker of moto, with data put there by boto3.
. tests/kit/tap.sh
export HOME=$work AWS_ACCESS_KEY_ID=AKIDTEST AWS_SECRET_ACCESS_KEY=top/secret+1 AWS_EC2_METADATA_DISABLED=true
unset AWS_PROFILE AWS_SESSION_TOKEN
port=$("$PEERS/bin/python3" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$PEERS/bin/moto_server" -H 127.0.0.1 -p "$port" >"$work/moto.log" 2>&1 &
moto=$!
trap 'kill "$moto" 2>/dev/null; rm -rf "$work"' EXIT
url=http://127.0.0.1:$port
for _ in $(seq 200); do
    "$PEERS/bin/python3" -c "import urllib.request as u; u.urlopen('$url/moto-api/')" 2>/dev/null && break
    sleep 0.1
done
ok "boto3 puts 25 jobs and their metrics" "$PEERS/bin/python3" tests/peers/aws_put.py "$url" 25
cp "$work/.tap" "$work/put.json"
run fetch cloudwatch --endpoint "$url" --region us-east-1 --since 1d --give-up 20s -o "$work/runs.ndjson"
ok "leeway fetch reads them" exits 0
ok "with the values that were put" "$PEERS/bin/python3" tests/peers/aws_check.py "$work/put.json" "$work/runs.ndjson"
run analyze --format json "$work/runs.ndjson"
ok "analyze reads what was fetched" exits 0
ok "under the model of the tag" says '"model": "peer"'
ok "with all runs" python3 -c '
import json, sys
report = json.load(open(sys.argv[1]))
assert sum(len(m["runs"]) for m in report["models"]) == 25' "$work/out"
run fetch cloudwatch --endpoint "$url" --region us-east-1 --since 1d --give-up 20s \
    --role-arn arn:aws:iam::123456789012:role/leeway -o "$work/again.ndjson"
ok "a role is assumed by moto's STS" exits 0
cat >"$work/leeway.yaml" <<YAML
store: $work/leeway.db
sources:
  - {type: cloudwatch, regions: [us-east-1], endpoint: "$url"}
sinks:
  - {type: file, path: $work/events.ndjson}
YAML
if "$LEEWAY" help watch >/dev/null 2>&1; then
    run watch -c "$work/leeway.yaml" --once
    ok "leeway watch --once reads them" exits 0
    # moto ends a job at the moment of its creation: its data delay is not over, so that its run is still open.
    run store info --store "$work/leeway.db" --format json
    ok "and has gathered every run" python3 -c '
import json, sys
assert json.load(open(sys.argv[1]))["units"] == 25' "$work/out"
fi
done_testing
