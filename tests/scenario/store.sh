#!/bin/bash
# `leeway store`: where it looks, what it says, and that it neither makes nor harms a store.
. tests/kit/tap.sh
unset STATE_DIRECTORY XDG_STATE_HOME
export HOME=$work/home

run store info
ok "without a store there is nothing to show" exits 3
ok "and its place is named" complains "$work/home/.local/state/leeway"
ok "nothing was made" test ! -e "$work/home"
XDG_STATE_HOME=$work/xdg run store info
ok "XDG_STATE_HOME is looked at" complains "$work/xdg/leeway"
STATE_DIRECTORY=$work/one:$work/two run store info
ok "systemd's folder comes first" complains "$work/one"
echo "store: $work/configured.db" >"$work/leeway.yaml"
run store info -c "$work/leeway.yaml"
ok "the configuration of the daemon says where it is" complains "$work/configured.db"
cd "$work" || exit 2
run store info
ok "it is found as by the daemon" complains "$work/configured.db"
LEEWAY_STORE=$work/variable.db run store info
ok "a variable goes before it" complains "$work/variable.db"
echo 'stor: x' >"$work/leeway.yaml"
run store info
ok "a configuration with errors is told" eval 'exits 2 && grep -q "did you mean .store." "$work/err"'
run store info --store "$work/none.db"
ok "but is not read when the store is named" complains "$work/none.db"
rm "$work/leeway.yaml"
cd "$OLDPWD" || exit 2
run store info --store "$work/none.db"
ok "--store names another" complains "$work/none.db"
echo 'not a database, but a text that is long enough to be looked at' >"$work/text.db"
cp "$work/text.db" "$work/before"
run store info --store "$work/text.db"
ok "a file that is no store is refused" exits 5
run store vacuum --store "$work/text.db"
ok "for writing too" exits 5
ok "untouched" same "$work/text.db" "$work/before"
run store
ok "it wants to know what to do" exits 2
run store backup
ok "and where to" exits 2
run store destroy
ok "and nothing it does not know" exits 2
run store info --format yaml
ok "nor in a form it does not know" exits 2
done_testing
