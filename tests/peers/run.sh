#!/bin/bash
# `make test-peers`: leeway against programs of other people, from PyPI, in a virtual environment below build/. Each part is
# a file of its own, tests/peers/*.sh, which is handed $LEEWAY, $PEERS (the environment) and $work.
set -u
cd "$(dirname "$0")/../.." || exit 2
export LEEWAY=${LEEWAY:-$PWD/build/leeway} PEERS=$PWD/build/peers-venv
wanted=$(cat tests/peers/requirements*.txt | sha256sum)
if [ ! -x "$PEERS/bin/python3" ] || [ "$(cat "$PEERS/wanted" 2>/dev/null)" != "$wanted" ]; then
    python3 -m venv "$PEERS" || { echo "python3-venv is needed: apt-get install python3-venv"; exit 2; }
    for file in tests/peers/requirements*.txt; do
        "$PEERS/bin/pip" install --quiet --disable-pip-version-check -r "$file" || exit 2
    done
    echo "$wanted" >"$PEERS/wanted"
fi
JOBS=1 exec tests/run tests/peers/with_*.sh
