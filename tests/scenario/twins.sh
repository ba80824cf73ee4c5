#!/bin/bash
# Tests that bite: with a protection taken away, the test that watches over it fails.
. tests/kit/tap.sh
TWINS=${TWINS:-$PWD/build/twin}

fails() { # program, the sentence of the test that must fail
    "$TWINS/$1" >"$work/out" 2>&1
    grep -E "^not ok .* - $2\$" "$work/out" || { cat "$work/out"; return 1; }
}
ok "a store that does not sync loses turns when the power goes" \
    fails store_fsync 'nothing acknowledged is lost when the power goes'
ok "an outbox outside of the turn's transaction is caught by kills" \
    fails store_outbox 'nothing acknowledged is lost when the process is killed'
ok "a delivery that trusts any 2xx loses what was not taken" \
    fails sink_ack 'nothing is lost, no id has two bodies, no lane two requests'
done_testing
