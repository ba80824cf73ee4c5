#!/bin/bash
# `leeway fetch cloudwatch` against the double of AWS: credentials of every kind, pages, throttles, and a file that analyze
# reads.
. tests/kit/tap.sh
. tests/kit/aws.sh

count() { python3 -c 'import json,sys,urllib.request as u; print(json.load(u.urlopen(sys.argv[1]+"/double"))[sys.argv[2]])' "$aws_url" "$1"; }
fetch() { run fetch cloudwatch --endpoint "$aws_url" --region us-east-1 --since 3d --give-up "${patience:-3s}" "$@"; }

aws_start --jobs 30 --drop 4 --page 4 --empty
aws_keys fetch -o "$work/runs.ndjson"
ok "the jobs of the account are fetched" exits 0
ok "and it is told what they cost" complains "CloudWatch charges for 120 of them"
ok "every signature was right" test "$(count bad_signatures)" = 0
ok "nothing was asked wrongly" test "$(count wrong)" = ""
ok "each job is described once" test "$(count describes)" = 30
ok "and nothing is left over" test "$(ls "$work" | grep -c part)" = 0
cat >"$work/check.py" <<'PY'
import json, sys, math
jobs, points = {}, {}
for line in open(sys.argv[1]):
    record = json.loads(line)
    body = record["body"]
    if record["lw_fetched"] == "training-jobs":
        jobs[body["TrainingJobName"]] = body
    else:
        for p in body["Datapoints"]:
            points.setdefault((record["run"], record["metric"]), {})[p["Timestamp"]] = p
assert len(jobs) == int(sys.argv[2]), len(jobs)
names = sorted(jobs)
for i, name in enumerate(names):
    job = jobs[name]
    seconds = job["TrainingEndTime"] - job["TrainingStartTime"]
    level = (0.84 if i + 4 >= len(names) else 0.9) + 0.002 * (i * 5 % 7)
    for m, metric in enumerate(["train:accuracy", "validation:accuracy"]):
        minutes = points[name, metric]
        assert len(minutes) == int(seconds // 60) + 1, (name, len(minutes))
        for at, p in minutes.items():
            minute = (at - job["TrainingStartTime"] // 60 * 60) / 60
            want = level - 0.02 * m - 0.3 * math.exp(-4 * minute / (seconds / 60 + 1))
            assert p["SampleCount"] == 2 and abs(p["Average"] - want) < 1e-9, (name, at, p, want)
PY
ok "with all of its values" python3 "$work/check.py" "$work/runs.ndjson" 30
run analyze --format json "$work/runs.ndjson"
ok "analyze reads the file" exits 0
ok "as what it is" says '"format": "fetched"'
ok "finds the model" says '"model": "churn-xgb"'
ok "and the drop of the last four runs" says '"state": "open"'
ok "and rejects nothing of it" python3 -c '
import json, sys
report = json.load(open(sys.argv[1]))
assert report["input"]["rejected"] == [], report["input"]["rejected"]' "$work/out"
aws_keys fetch
ok "without a file it goes to standard output" exits 0
ok "and is the same" same <(sort "$work/out") <(sort "$work/runs.ndjson")
AWS_ACCESS_KEY_ID=AKIDTEST AWS_SECRET_ACCESS_KEY=wrong fetch -o "$work/none"
ok "a wrong secret is an error" exits 3
ok "that names the operation" complains "ListTrainingJobs in us-east-1"
ok "and blames the secret, not the rights" complains "the secret key does not belong to the key id"
ok "and leaves no file" test ! -e "$work/none"
printf '[default]\naws_access_key_id = AKIDTEST\naws_secret_access_key = top/secret+1\n' >"$HOME/.aws/credentials"
fetch -o "$work/again.ndjson"
ok "the shared credentials file is read" exits 0
printf '[profile tool]\ncredential_process = sh -c '"'"'printf "{\\"Version\\":1,\\"AccessKeyId\\":\\"AKIDTEST\\",\\"SecretAccessKey\\":\\"top/secret+1\\"}"'"'"'\nregion = us-east-1\n' >"$HOME/.aws/config"
run fetch cloudwatch --endpoint "$aws_url" --profile tool --since 3d --give-up 3s -o "$work/again.ndjson"
ok "credential_process is run" exits 0
printf '[profile role]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = default\n' >>"$HOME/.aws/config"
fetch --profile role -o "$work/again.ndjson"
ok "a role is assumed by a profile" exits 0
ok "once" test "$(count assumed)" = 1
fetch --role-arn arn:aws:iam::123456789012:role/y -o "$work/again.ndjson"
ok "a role is assumed by option" exits 0
echo token >"$work/token"
rm "$HOME/.aws/credentials"
AWS_WEB_IDENTITY_TOKEN_FILE=$work/token AWS_ROLE_ARN=arn:aws:iam::123456789012:role/z fetch -o "$work/again.ndjson"
ok "web identity" exits 0
ok "is one request to STS" test "$(count web)" = 1
AWS_CONTAINER_CREDENTIALS_FULL_URI=$aws_url/creds AWS_CONTAINER_AUTHORIZATION_TOKEN=abc fetch -o "$work/again.ndjson"
ok "the endpoint of a container" exits 0
unset AWS_EC2_METADATA_DISABLED
AWS_EC2_METADATA_SERVICE_ENDPOINT=$aws_url fetch -o "$work/again.ndjson"
ok "the metadata of an instance" exits 0
ok "by three requests" test "$(count instance)" = 3
export AWS_EC2_METADATA_DISABLED=true
ok "all of it without a wrong signature" test "$(count bad_signatures)" = 1
fetch -o "$work/none"
ok "without credentials it ends" exits 3
ok "and says what to do, once" eval 'complains "leeway: there are no AWS credentials: set AWS_ACCESS_KEY_ID"'
aws_stop

patience=3m # a loaded machine, and waits that double
aws_start --jobs 12 --throttle 5 --fail 7 --garble 9
aws_keys fetch -o "$work/runs.ndjson"
ok "throttles and outages only take time" exits 0
ok "and lose nothing" test "$(grep -c '"lw_fetched":"training-jobs"' "$work/runs.ndjson")" = 12
aws_stop
patience=3s
aws_start --jobs 5 --clock 900
aws_keys fetch -o "$work/runs.ndjson"
ok "a wrong clock is set right" exits 0
ok "at the first reply" test "$(count skewed)" = 1
aws_stop
aws_start --jobs 5 --deny GetMetricStatistics
aws_keys fetch -o "$work/none"
ok "a missing right ends it" exits 3
ok "and is told with its remedy" complains "leeway doctor --iam-policy"
aws_stop
run fetch cloudwatch --region us-east-1 --since tomorrow
ok "a time that is none" exits 2
run fetch
ok "it wants to know from where" exits 2
AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b run fetch cloudwatch --since 1d
ok "and of which region" complains "AWS_REGION"
done_testing
