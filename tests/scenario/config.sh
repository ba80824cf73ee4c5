#!/bin/bash
# The configuration from the outside: what is told of errors, what holds and why, the schema, the example, a first file made
# from data.
. tests/kit/tap.sh
unset XDG_CONFIG_HOME STATE_DIRECTORY
HOME=$work/home
XDG_STATE_HOME=$work/state
export HOME XDG_STATE_HOME
mkdir -p "$HOME" "$XDG_STATE_HOME"
LEEWAY=$(realpath "$LEEWAY")
top=$PWD

tells() { grep -qF -- "$1" "$work/err" || { echo "not told: $1"; cat "$work/err"; return 1; }; }
lacks() { ! grep -qF -- "$1" "$work/out" || { echo "told: $1"; return 1; }; }
validate() { # schema, YAML: converted by what the shell has, so that the validator sees what a person wrote
    python3 - "$1" "$2" <<'P'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
document = json.load(open(sys.argv[2]))
errors = list(jsonschema.Draft202012Validator(schema).iter_errors(document))
for error in errors[:5]:
    print("/".join(map(str, error.path)), error.message[:300])
sys.exit(bool(errors))
P
}
refused() { ! validate "$1" "$2" >/dev/null; }
# The values of our YAML as JSON, by a reader that is not ours where there is one.
to_json() {
    python3 - "$1" "$2" <<'P'
import json, sys
try:
    import yaml
except ImportError:
    sys.exit(77)
json.dump(yaml.safe_load(open(sys.argv[1])), open(sys.argv[2], "w"), default=str)
P
}

# ---- errors ----
cat >"$work/bad.yaml" <<'Y'
store: /var/lib/leeway/leeway.db
hartbeat: 5m
quiet_period: 12abc
sinks:
  - {type: loggly, url: "http://logs.example.com"}
Y
run config check -c "$work/bad.yaml"
ok "a configuration with errors ends with 2" exits 2
ok "an unknown key is told with its place and the nearest one" tells "bad.yaml:2:1: unknown key 'hartbeat': did you mean 'heartbeat'?"
ok "with the line" tells "    hartbeat: 5m"
ok "and a caret" tells "    ^~~~~~~~"
ok "and all others: a number that is none" tells "bad.yaml:3:15: '12abc' is not what 'quiet_period' takes"
ok "an address without TLS" tells "bad.yaml:5:25: 'http://logs.example.com' is not what 'url' takes"
ok "a token that is missing" tells "a sink of this type needs 'token_file'"
run config show -c "$work/bad.yaml"
ok "it is not shown either" exits 2
run config check -c "$work/none.yaml"
ok "a file that is not there ends with 3" exits 3
ok "and is named" complains "none.yaml: No such file"
run config chekc
ok "a mistyped word is an error of use" exits 2
ok "with the nearest one" complains "leeway config check"

# ---- layers ----
mkdir -p "$work/here" "$work/xdg/leeway"
printf 'heartbeat: 2m\nmodels: [{match: "a-*", owner: me}]\n' >"$work/xdg/leeway/leeway.yaml"
cd "$work/here" || exit 2
run config show --origin
ok "without a file the defaults hold" says "heartbeat: 5m"
ok "and say so" says "# default"
export XDG_CONFIG_HOME=$work/xdg
run config show --origin
ok "the file of the user is found" grep -qE 'heartbeat: 2m +# .*/xdg/leeway/leeway.yaml:1$' "$work/out"
printf 'quiet_period: 20m\n' >leeway.yaml
run config show --origin
ok "one in this folder goes before it and is not merged with it" says "heartbeat: 5m"
ok "and its line is shown" grep -qE 'quiet_period: 20m +# leeway.yaml:1$' "$work/out"
export LEEWAY_QUIET_PERIOD=25m LEEWAY_HTTP_LISTEN=127.0.0.1:9
run config show --origin --store /flag.db
ok "a variable goes before the file" grep -qE 'quiet_period: 25m +# LEEWAY_QUIET_PERIOD$' "$work/out"
ok "also one of http" grep -qE 'listen: "127.0.0.1:9" +# LEEWAY_HTTP_LISTEN$' "$work/out"
ok "a flag goes before the variable" grep -qE 'store: /flag.db +# --store$' "$work/out"
export LEEWAY_QUIET_PERIOD=25
run config check
ok "an error in a variable names it" tells "LEEWAY_QUIET_PERIOD: '25' is not what 'quiet_period' takes"
unset LEEWAY_QUIET_PERIOD LEEWAY_HTTP_LISTEN
export LEEWAY_HARTBEAT=5m
run config check
ok "a variable that means nothing is a warning" says "LEEWAY_HARTBEAT of the environment means nothing: did you mean LEEWAY_HEARTBEAT?"
ok "which does not fail" exits 0
run config check --strict
ok "unless that is asked for" exits 1
unset LEEWAY_HARTBEAT XDG_CONFIG_HOME
cd "$top" || exit 2

# ---- files with secrets, blocks that are not reached ----
secrets=$work/secrets
mkdir "$secrets"
for name in loggly slack push; do echo hush-hush >"$secrets/$name"; done
chmod 600 "$secrets"/*
cat >"$work/good.yaml" <<Y
store: $work/no-store.db
models:
  - {match: "churn-*"}
  - {match: "*"}
  - {match: "late-*"}
profiles:
  unused: {owner: nobody}
sources: [{type: file, path: $work/none.ndjson}, {type: http}]
sinks:
  - {type: loggly, token_file: $secrets/loggly}
  - {type: webhook, format: slack, url_file: $secrets/slack, owners: [risk]}
http: {listen: "127.0.0.1:8321", token_file: $secrets/push}
Y
run config check -c "$work/good.yaml"
ok "what works ends with 0" exits 0
ok "a block behind one for everything is a warning" says "good.yaml:5: warning: this block is never reached: that of line 4"
ok "so is a profile that nobody uses" says "no block of models uses the profile 'unused'"
ok "and an owner that is none" says "no block of models has the owner 'risk'"
ok "a file that is not there yet is a note" says "note: $work/none.ndjson is not there yet"
ok "no secret is printed" lacks "hush-hush"
chmod 644 "$secrets/loggly"
run config check -c "$work/good.yaml"
ok "a token that everyone can read is an error" says "good.yaml:10: error: token_file: everyone can read or write $secrets/loggly"
ok "that ends with 2" exits 2
chmod 640 "$secrets/loggly"
run config check -c "$work/good.yaml"
ok "one that the group can read is a warning" says "warning: token_file: the group can read"
ok "that ends with 0" exits 0
chmod 600 "$secrets/loggly"
: >"$secrets/slack"
rm "$secrets/push"
run config check -c "$work/good.yaml"
ok "an empty one is an error" says "error: url_file: $secrets/slack is empty"
ok "a missing one too" says "error: token_file: $secrets/push: No such file"

# ---- show reads back ----
echo x >"$secrets/push"
run config show -c "$work/good.yaml"
cp "$work/out" "$work/shown.yaml"
run config show -c "$work/shown.yaml"
ok "what is shown reads back as what is shown" same "$work/shown.yaml" "$work/out"

# ---- example, schema, man page ----
run config example
cp "$work/out" "$work/example.yaml"
run config show -c "$work/example.yaml"
ok "the example can be read" exits 0
ok "the installed example is it" same "$work/example.yaml" "$(dirname "$LEEWAY")/leeway.yaml"
run config schema
cp "$work/out" "$work/schema.json"
ok "the schema is JSON" python3 -m json.tool "$work/schema.json"
ok "the validator is there (Debian package python3-jsonschema)" python3 -c 'import jsonschema'
to_json "$work/example.yaml" "$work/example.json"
case $? in
0) ok "the example follows the schema" validate "$work/schema.json" "$work/example.json" ;;
77) tap_n=$((tap_n + 1)) && echo "ok $tap_n - the example follows the schema # SKIP python3-yaml is not installed" ;;
*) ok "the example can be read by another reader of YAML" false ;;
esac
cat >"$work/whole.json" <<'J'
{"store": "/var/lib/leeway/leeway.db", "false_alarms": "1 per 370 runs", "quiet_period": "15m", "lookback": 0,
 "defaults": {"alert": "ticket", "primary": "validation:*", "ignore_below": {"metric": 0.005, "duration": "10%"}},
 "profiles": {"nightly": {"cadence": {"cron": "0 2 * * 1-5", "timezone": "Europe/Berlin", "tolerance": "45m"}}},
 "models": [{"match": "DEMO-*", "name": "x", "require": ["validation:accuracy >= 0.80"], "cadence": {"every": "1h"}},
            {"regex": "prod-(?<m>.+)", "name": "$m", "use": "nightly", "owner": "risk", "alert": "page"}],
 "exclude": [{"tuning": true}, {"tag": "env=dev"}], "prices": {"ml.p2.xlarge": 0.90},
 "sources": [{"type": "file", "path": "/var/log/metrics.ndjson"}, {"type": "http"},
             {"type": "cloudwatch", "regions": ["us-east-1"], "poll": "1m", "endpoint": "http://127.0.0.1:5000"},
             {"type": "loggly", "subdomain": "acme", "token_file": "/a", "query": "tag:CloudwatchMetrics"}],
 "sinks": [{"type": "loggly", "token_file": "/b", "tags": ["leeway"], "metrics": "auto", "spool": "1GiB"},
           {"type": "webhook", "url_file": "/c", "format": "slack", "min_severity": "ticket"},
           {"type": "file", "path": "alerts.ndjson", "events": ["alert", "run"]}],
 "http": {"listen": "127.0.0.1:8321", "token_file": "/d"}, "log": {"level": "debug"}}
J
ok "a whole configuration follows it" validate "$work/schema.json" "$work/whole.json"
run config show -c "$work/whole.json"
ok "and is read by us, for JSON is YAML" exits 0
refuses() { # sentence, JSON: both the schema and the program refuse it
    printf '%s\n' "$2" >"$work/refused.json"
    ok "the schema refuses $1" refused "$work/schema.json" "$work/refused.json"
    run config show -c "$work/refused.json"
    ok "as the program does" exits 2
}
refuses "an unknown key" '{"hartbeat": "5m"}'
refuses "a span without a unit" '{"heartbeat": 15}'
refuses "a word for true" '{"exclude": [{"tuning": "yes"}]}'
refuses "a key of another type of source" '{"sources": [{"type": "file", "path": "a", "subdomain": "b"}]}'
refuses "a source that lacks what it needs" '{"sources": [{"type": "loggly", "subdomain": "b"}]}'
refuses "two clocks at once" '{"models": [{"match": "a", "cadence": {"every": "1h", "cron": "@daily"}}]}'
refuses "a block for no jobs" '{"models": [{"name": "a"}]}'
refuses "a pattern in the defaults" '{"defaults": {"match": "a"}}'
refuses "a kind of event that is none" '{"sinks": [{"type": "stdout", "events": ["alerts"]}]}'
refuses "runs beyond the bounds" '{"reference_runs": 1001}'
if command -v mandoc >/dev/null; then
    "$LEEWAY" help --man engine/share/leeway.yaml.5.in >"$work/leeway.yaml.5"
    ok "the man page is without fault" mandoc -T lint -W warning "$work/leeway.yaml.5"
    ok "and names every key" grep -q "^.It Cm higher_is_better" "$work/leeway.yaml.5"
fi

# ---- init ----
"$LEEWAY" simulate --model churn-xgb --runs 12 -o "$work/one.ndjson"
"$LEEWAY" simulate --model churn --runs 8 -o "$work/two.ndjson"
run init --from "$work/one.ndjson" "$work/two.ndjson" -o "$work/made.yaml"
ok "init makes a configuration" exits 0
ok "and says what it found" says "2 models found"
ok "the longer name comes first" sh -c "grep -n 'match:' '$work/made.yaml' | head -1 | grep -q 'churn-xgb-\*'"
ok "the file is a source" grep -qF "path: \"$work/one.ndjson\"" "$work/made.yaml"
ok "Loggly is proposed for what looks like it" grep -q '# - {type: loggly, subdomain' "$work/made.yaml"
run config check --strict --store "$work/no-store.db" -c "$work/made.yaml"
ok "what it made passes the check" exits 0
cp "$work/made.yaml" "$work/before.yaml"
run init --from "$work/one.ndjson" -o "$work/made.yaml"
ok "it overwrites nothing" exits 2
ok "and says so" complains "is there already"
ok "the file is as it was" same "$work/before.yaml" "$work/made.yaml"
run init --from "$work/one.ndjson" -o -
ok "- is standard output" says "churn-xgb-*"
run init
ok "without files it says what to do" complains "leeway init --from FILE"
run init --from "$work/none" -o "$work/empty.yaml"
ok "files that cannot be used end with 3" exits 3
printf '{"time":1,"model":"a","run":"r\\u0007*[x: #","metric":"m\\u2028","value":1}\n' >"$work/odd.ndjson"
run init --from "$work/odd.ndjson" -o "$work/odd.yaml"
run config show -c "$work/odd.yaml"
ok "odd names in data do no harm to the file" exits 0
done_testing
