#!/bin/sh
# Figure 2 of ingest: events decoded to datapoints, beside the scanner alone, over a million metric events in memory.
events=${BUILD:-build}/bench/events.ndjson
[ -s "$events" ] || "${BUILD:-build}/bench/events" >"$events" || exit 1
"${BUILD:-build}/bench/decode" "$events"
