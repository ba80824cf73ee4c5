#!/bin/sh
# Figure 1 of ingest: the scanner alone beside json-c, over a million metric events in memory.
events=${BUILD:-build}/bench/events.ndjson
[ -s "$events" ] || "${BUILD:-build}/bench/events" >"$events" || exit 1
"${BUILD:-build}/bench/scan" "$events"
