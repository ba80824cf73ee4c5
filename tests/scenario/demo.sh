#!/bin/bash
# The demo: real jobs and a simulated history, shown with the commands that do it; its output is the same for ever.
. tests/kit/tap.sh

run demo
ok "the demo runs" exits 0
ok "without a word on standard error" silent
ok "it shows the commands" says '$ leeway analyze --model mnist'
ok "it says what is simulated" says "# Simulated, not real"
ok "it finds the planted drop" says "validation:accuracy fell"
ok "it finds the slow runs and that they are over" says "resolved"
ok "it says what it cannot judge yet" says "Too little history"
run demo --dir
ok "it says where its data lie" test -f "$(cat "$work/out")/logs/ic_mxnet-mnist_bab8878_c11.txt"
ok "with their licence" test -f "$(cat "$work/out")/LICENSE.apache-2.0.txt"

# If the change was meant: tests/check/golden.sh
run demo --format json
ok "its JSON is the golden one, byte for byte" same tests/data/golden/demo.json "$work/out"
run demo --format ndjson
ok "its events are the golden ones, byte for byte" same tests/data/golden/demo.ndjson "$work/out"
GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-AVX2_Usable,-FMA_Usable,-AVX2 "$LEEWAY" demo --format json >"$work/out"
ok "and so without fused multiply-add" same tests/data/golden/demo.json "$work/out"
TZ=Asia/Kathmandu LC_ALL=C LC_NUMERIC=de_DE.UTF-8 "$LEEWAY" demo --format json >"$work/out"
ok "and so in another time zone and locale" same tests/data/golden/demo.json "$work/out"
run_elsewhere() { (cd / && "$LEEWAY" demo --format json) >"$work/out"; }
ok "and from another folder" run_elsewhere
ok "the same" same tests/data/golden/demo.json "$work/out"
done_testing
