#!/bin/bash
# The unit for systemd: it is understood, it locks the daemon in, and its user is made. Needs systemd's own tools; without
# them it is skipped, unless LEEWAY_PEERS is set.
top=$(cd "$(dirname "$0")/../.." && pwd)
place=$(mktemp -d) || exit 2
trap 'rm -rf "$place"' EXIT
count=0
ok() { # name, status
    count=$((count + 1))
    if [ "$2" -eq 0 ]; then echo "ok $count - $1"; else echo "not ok $count - $1"; fi
}
echo 1..5
if ! command -v systemd-analyze >/dev/null 2>&1 || ! command -v systemd-sysusers >/dev/null 2>&1; then
    for i in 1 2 3 4 5; do
        if [ -n "${LEEWAY_PEERS:-}" ]; then echo "not ok $i - systemd is not installed"; else echo "ok $i - systemd is not installed # SKIP"; fi
    done
    exit 0
fi

# The program itself stands in for what is installed: `verify` looks whether it is there.
sed "s|@PREFIX@/bin/leeway|$(realpath "$LEEWAY")|g" "$top/engine/share/leeway.service" >"$place/leeway.service"
systemd-analyze verify --man=no "$place/leeway.service" >"$place/out" 2>&1
status=$?
# Other units of the machine are none of ours.
grep -E 'leeway' "$place/out" >"$place/ours"
[ "$status" -eq 0 ] && [ ! -s "$place/ours" ]
ok 'systemd understands every line of the unit' $? || cat "$place/ours"

systemd-analyze security --offline=true --threshold=15 --no-pager "$place/leeway.service" >"$place/out" 2>&1
ok 'its exposure is 1.5 at most' $?
sed -n 's/.*Overall exposure level.*: /# exposure /p' "$place/out"

# A line that is taken away must show: else the number means nothing.
grep -v '^SystemCallFilter=\|^CapabilityBoundingSet=' "$place/leeway.service" >"$place/open.service"
! systemd-analyze security --offline=true --threshold=15 --no-pager "$place/open.service" >/dev/null 2>&1
ok 'without its filters it would be more' $?

systemd-sysusers --dry-run "$top/engine/share/leeway.sysusers" >"$place/out" 2>&1
ok 'the user of the daemon can be made' $?

grep -q '^u leeway ' "$top/engine/share/leeway.sysusers" && grep -q '^User=leeway$' "$place/leeway.service"
ok 'the unit and sysusers speak of the same user' $?
