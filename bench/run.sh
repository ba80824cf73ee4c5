#!/bin/sh
# Runs every benchmark and prints one line per figure, after a line that describes the machine.
printf 'machine: %s, %s cores, %s\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(uname -sr)"
for script in bench/*.sh; do
    [ "$script" = bench/run.sh ] || sh "$script"
done
