#!/bin/sh
# The daemon: events a second from push to disk and on over TLS (bare libcurl beside it), the way to an alert, memory with
# 10 000 models, restart with a spool of 1 GiB. In $TMPDIR, which should be on a disk.
events=${BUILD:-build}/bench/events.ndjson
[ -s "$events" ] || "${BUILD:-build}/bench/events" >"$events" || exit 1
for figure in push deliver alert memory restart; do
    "${BUILD:-build}/bench/watch" "$figure" "$events" || exit 1
done
