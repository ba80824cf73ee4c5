#!/bin/sh
# Runs the test programs under valgrind: any error, leak or hang (more than VALGRIND_SECONDS, default an hour) fails.
# usage: valgrind.sh PROGRAM...
failed=0
for program in "$@"; do
    if timeout "${VALGRIND_SECONDS:-3600}" valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible "$program" >/dev/null 2>"/tmp/leeway-valgrind.$$"; then
        printf 'ok      %s\n' "${program##*/}"
    else
        printf 'FAILED  %s\n' "${program##*/}"
        head -n 30 "/tmp/leeway-valgrind.$$"
        failed=1
    fi
    rm -f "/tmp/leeway-valgrind.$$"
done
exit "$failed"
