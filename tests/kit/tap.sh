# For scenario tests in shell: TAP on standard output, a folder of its own in $work, the program as $LEEWAY.
# usage: . tests/kit/tap.sh ; plan 3 ; ok "a sentence" test 1 = 1 ; done_testing
set -u
LEEWAY=${LEEWAY:-$PWD/build/leeway}
work=$(mktemp -d "${TMPDIR:-/tmp}/leeway-test-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
tap_n=0 tap_failed=0
unset NO_COLOR COLUMNS
LC_ALL=C.UTF-8
export LC_ALL

# A sentence, and a command that must succeed.
ok() {
    tap_n=$((tap_n + 1))
    tap_sentence=$1
    shift
    if "$@" >"$work/.tap" 2>&1; then
        echo "ok $tap_n - $tap_sentence"
    else
        echo "not ok $tap_n - $tap_sentence"
        echo "#   $*"
        sed 's/^/#   /' "$work/.tap" | head -n 12
        tap_failed=$((tap_failed + 1))
    fi
}
# Runs the program; its streams are $work/out and $work/err, its exit code $status.
run() {
    "$LEEWAY" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
}
exits() { [ "$status" -eq "$1" ] || { echo "exit code $status, not $1"; cat "$work/err"; return 1; }; }
says() { grep -qF -- "$1" "$work/out" || { echo "not in the output: $1"; head -n 5 "$work/out"; return 1; }; }
complains() {
    grep -qF -- "$1" "$work/err" && [ "$(wc -l <"$work/err")" -eq 1 ] || {
        echo "not the one line on standard error: $1"
        cat "$work/err"
        return 1
    }
}
silent() { [ ! -s "$work/err" ] || { cat "$work/err"; return 1; }; }
same() { cmp "$1" "$2"; }
done_testing() {
    echo "1..$tap_n"
    [ "$tap_failed" -eq 0 ]
}
