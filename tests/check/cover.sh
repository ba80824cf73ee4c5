#!/bin/sh
# Line coverage per room from a build with --coverage; not of the twins, from which something was taken away.
# usage: cover.sh BUILD-DIRECTORY
find "$1" -path '*/tests/*' -prune -o -path '*/twin/*' -prune -o -name '*.gcda' -print | while read -r data; do
    gcov -n "$data" 2>/dev/null
done | awk '
    /^File / { gsub(/\047/, "", $2); file = $2 }
    /^Lines executed/ {
        if (file !~ /^(models|engine)\/.*\.c$/) next
        split($0, part, /[:%]/)
        split($0, of, " of ")
        room = file
        sub(/\/[^\/]*$/, "", room)
        lines[room] += of[2]
        hit[room] += part[2] * of[2] / 100
        total += of[2]
        all += part[2] * of[2] / 100
        file = ""
    }
    END {
        for (room in lines) printf "%-18s %6d lines %6.1f %%\n", room, lines[room], 100 * hit[room] / lines[room] | "sort"
        close("sort")
        if (total) printf "%-18s %6d lines %6.1f %%\n", "all", total, 100 * all / total
    }'
