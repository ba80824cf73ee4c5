#!/bin/bash
# The JSON of several reports, held to the published schema by a validator that is not ours.
. tests/kit/tap.sh

validate() {
    python3 - engine/share/leeway.report-1.schema.json "$1" <<'P'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
def no_constant(name):
    raise ValueError(name + " is no JSON")
document = json.load(open(sys.argv[2]), parse_constant=no_constant)
errors = list(jsonschema.Draft202012Validator(schema).iter_errors(document))
for error in errors[:5]:
    print("/".join(map(str, error.path)), error.message[:200])
sys.exit(bool(errors))
P
}
closed() {
    python3 - engine/share/leeway.report-1.schema.json <<'P'
import json, sys
def check(node, path):
    if isinstance(node, dict):
        if node.get("type") == "object":
            assert "additionalProperties" in node, path
            assert node["additionalProperties"] is False or path.endswith("metrics"), path
        for key, value in node.items():
            check(value, path + "/" + key)
    elif isinstance(node, list):
        for value in node:
            check(value, path)
check(json.load(open(sys.argv[1])), "")
P
}
ok "the validator is there (Debian package python3-jsonschema)" python3 -c 'import jsonschema'
ok "the schema allows no key that it does not name" closed
run demo --format json
ok "the demo follows the schema" validate "$work/out"
"$LEEWAY" simulate --seed 5 --drift 'duration:x2@20-24' --drift 'validation:accuracy:-0.02@46' -o "$work/history.ndjson"
run analyze --format json --origin 'konto/ü' --price ml.p2.xlarge=0.9 "$work/history.ndjson"
ok "a history with alerts follows it" validate "$work/out"
printf '{"timestamp":"x"}\nnot json\n' >"$work/bad.ndjson"
run analyze --format json "$work/history.ndjson" "$work/bad.ndjson" "$work/none"
ok "a report with unusable files follows it" validate "$work/out"
run analyze --format json --since 2030-01-01 "$work/history.ndjson"
ok "a report without runs follows it" validate "$work/out"
for log in tests/data/sagemaker/logs/*.txt; do
    run analyze --format json "$log"
    ok "the log $(basename "$log") follows it" validate "$work/out"
done
done_testing
