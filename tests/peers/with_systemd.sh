#!/bin/bash
# The unit, looked at by systemd itself, which has to be installed here.
LEEWAY_PEERS=1 exec "$(dirname "$0")/../scenario/service.sh"
