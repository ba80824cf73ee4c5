#!/bin/bash
# What `leeway doctor` says of set-ups that are good and of those that are not, against the doubles of Loggly and AWS.
. tests/kit/tap.sh
. tests/kit/loggly.sh
. tests/kit/aws.sh
loggly_start
# The configuration on standard input; each finding is a line, without wrapping.
doctor() {
    { echo "store: $work/leeway.db"; cat; } >"$work/leeway.yaml"
    run doctor -c "$work/leeway.yaml" --patience "${patience:-3s}" --format ndjson "$@"
}
finds() { # level, what, text
    grep -F "\"level\":\"$1\",\"what\":\"$2\"" "$work/out" | grep -qF -- "$3" || {
        echo "no $1 of $2 with: $3"
        cat "$work/out"
        return 1
    }
}
sink() { echo "sinks: [{type: loggly, name: out, url: \"$loggly_url\", token_file: $work/ingest.token, ca_file: $loggly_ca}]"; }
cloud() { echo "{type: cloudwatch, name: cloud, regions: [us-east-1], endpoint: \"$aws_url\"$1}"; }
retrieval() {
    echo "{type: loggly, name: back, subdomain: acme, endpoint: \"$loggly_url\", token_file: $work/api.token, ca_file: $loggly_ca}"
}

# What is good.
aws_start --jobs 3
aws_keys doctor <<<"sources: [$(cloud '')]
$(sink)"
ok 'a good set-up has no failure' exits 0
ok 'TLS is tried, with the authority that is named' finds ok 'sink out' 'answers, with a certificate that is trusted'
ok 'the token is looked at' finds ok 'sink out' 'its secret in'
ok 'AWS is asked whether it takes the credentials' finds ok 'source cloud' 'SageMaker in us-east-1 takes the credentials'
ok 'a clock that is right is not spoken of' eval '! finds warn clock "" >/dev/null && ! finds fail clock "" >/dev/null'
aws_keys doctor <<<"sources: [$(cloud ', role_arn: "arn:aws:iam::123456789012:role/reader"')]
$(sink)"
ok 'so is a role' finds ok 'source cloud' 'of the role arn:aws:iam::123456789012:role/reader'

# Double shipping.
doubled() { aws_keys doctor <<<"sources: [$(cloud "$1"), $(retrieval)]
$(sink)"; }
doubled ''
ok 'where nobody else ships metrics, that is said' finds ok 'double shipping' 'nobody else sends metrics'
printf '{"metricName":"x","average":1}\n' >"$work/one.ndjson"
python3 -c '
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[1])
urllib.request.urlopen(urllib.request.Request(sys.argv[2], data=open(sys.argv[3], "rb").read(),
                                              headers={"Content-Type": "text/plain"}), context=context)' \
    "$loggly_ca" "$loggly_url/bulk/$loggly_ingest/tag/CloudwatchMetrics/" "$work/one.ndjson"
doubled ''
ok 'where the integration does, it is a warning' eval 'exits 0 && finds warn "double shipping" "has events"'
ok 'with what to do' finds warn 'double shipping' 'integration: true'
ok 'that both sources read the same is one too' finds warn sources 'cloud and back both read'
doubled ', integration: true'
ok 'said in the configuration, it is good' eval '! grep -q "double shipping" "$work/out"'
mv "$work/api.token" "$work/kept" && (umask 077 && echo wrong-token >"$work/api.token")
doubled ''
ok 'a wrong token of the retrieval is told' finds warn 'double shipping' 'check the token'
mv "$work/kept" "$work/api.token"

# The clock.
aws_start --jobs 3 --clock 120
aws_keys doctor <<<"sources: [$(cloud '')]
$(sink)"
ok 'a clock that is two minutes off is a warning' eval 'exits 0 && finds warn clock "behind"'
aws_start --jobs 3 --clock -900
aws_keys doctor <<<"sources: [$(cloud '')]
$(sink)"
ok 'one that is a quarter of an hour off is a failure' eval 'exits 1 && finds fail clock "ahead of"'
ok 'with what to do' finds fail clock 'timedatectl'

# Credentials.
aws_start --jobs 3
doctor <<<"sources: [$(cloud '')]
$(sink)"
ok 'no credentials are a failure' eval 'exits 1 && finds fail "source cloud" "no AWS credentials"'
secret=wrong aws_keys doctor <<<"sources: [$(cloud '')]
$(sink)"
ok 'as are those that are wrong' eval 'exits 1 && finds fail "source cloud" "ListTrainingJobs in us-east-1"'
ok 'that they are to be renewed is said' finds fail 'source cloud' 'renew the credentials'
aws_start --jobs 3 --deny ListTrainingJobs
aws_keys doctor <<<"sources: [$(cloud '')]
$(sink)"
ok 'those without a right say where the rights are printed' finds fail 'source cloud' 'leeway doctor --iam-policy'
aws_keys doctor <<<"sources: [{type: cloudwatch, name: cloud, endpoint: \"$aws_url\"}]
$(sink)"
ok 'without a region it says where one is set' finds fail 'source cloud' 'AWS_REGION'

# What is wrong at the sinks.
file="sources: [{type: file, name: in, path: $work/metrics.ndjson}]"
: >"$work/metrics.ndjson"
doctor <<<"$file
sinks: [{type: loggly, name: out, url: \"$loggly_url\", token_file: $work/ingest.token}]"
ok 'a certificate of nobody known is a failure' eval 'exits 1 && finds fail "sink out" "ca_file"'
doctor <<<"$file
sinks: [{type: loggly, name: out, url: \"https://nowhere.invalid\", token_file: $work/ingest.token}]"
ok 'a name that does not exist is one, of DNS' eval 'exits 1 && finds fail "sink out" "DNS"'
doctor <<<"$file
sinks: [{type: loggly, name: out, url: \"https://localhost:1\", token_file: $work/ingest.token}]"
ok 'a door that is closed is one of host and port' eval 'exits 1 && finds fail "sink out" "nothing listens there"'
doctor <<<"$file
sinks: [{type: loggly, name: out, url: \"$loggly_url\", token_file: $work/none.token, ca_file: $loggly_ca}]"
ok 'a token that is not there is a failure' eval 'exits 1 && finds fail "sink out" "none.token: No such file"'
cp "$work/ingest.token" "$work/open.token" && chmod 644 "$work/open.token"
doctor <<<"$file
sinks: [{type: loggly, name: out, url: \"$loggly_url\", token_file: $work/open.token, ca_file: $loggly_ca}]"
ok 'so is one that everybody can read' eval 'exits 1 && finds fail "sink out" "make a new token"'
doctor <<<"$file
sinks: [{type: file, name: out, path: $work/nowhere/events.ndjson}, {type: file, name: dir, path: $work}]"
ok 'a file without a folder cannot be written' eval 'exits 1 && finds fail "sink out" "its folder is not there"'
ok 'nor can a folder' finds fail 'sink dir' 'it is a folder'
doctor <<<"sources: [{type: file, name: in, path: $work/metrics.ndjson}, {type: file, name: again, path: $work/./metrics.ndjson}]
sinks: [{type: file, name: out, path: $work/events.ndjson}]"
ok 'two sources of one file are a warning' eval 'exits 0 && finds warn sources "in and again both read the same file"'
doctor --offline <<<"sorces: []"
ok 'a configuration that is wrong is a failure, with the place' eval 'exits 1 && finds fail configuration "leeway.yaml:2:1"'
ok 'no secret is in what was said' eval '! grep -qF -e "$loggly_ingest" -e "$loggly_api" -e top/secret "$work/out" "$work/err"'
if mkdir "$work/small" && mount -t tmpfs -o size=1m tmpfs "$work/small" 2>/dev/null; then
    trap 'umount "$work/small"; kill "$loggly_process" ${aws_process:-} 2>/dev/null; rm -rf "$work"' EXIT
    printf 'store: %s\n%s\nsinks: [{type: stdout}]\n' "$work/small/leeway.db" "$file" >"$work/leeway.yaml"
    run doctor -c "$work/leeway.yaml" --offline --format ndjson
    ok 'a disk without room is a failure' eval 'exits 1 && finds fail disk "make room"'
else
    ok 'a disk without room is a failure # SKIP no tmpfs can be mounted' true
fi
done_testing
