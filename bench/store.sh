#!/bin/sh
# A turn of 10 000 points, committed and synced, and the opening of a store with a spool of 1 GiB. usage: store.sh [FOLDER]
"${BUILD:-build}/bench/store" "${1:-${TMPDIR:-/tmp}}" 20 1024
