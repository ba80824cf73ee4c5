#!/bin/bash
# What is installed can be used: the program runs, a small program builds against the library, and only lw_* is exported.
top=$(cd "$(dirname "$0")/../.." && pwd)
place=$(mktemp -d) || exit 2
trap 'rm -rf "$place"' EXIT
build=$(dirname "$LEEWAY")
count=0
ok() { # name, status
    count=$((count + 1))
    if [ "$2" -eq 0 ]; then echo "ok $count - $1"; else echo "not ok $count - $1"; fi
}
echo 1..6
if grep -qa -e __asan_init -e __tsan_init -e __gcov_init "$LEEWAY"; then
    for i in 1 2 3 4 5 6; do echo "ok $i - a build with instruments is not installed # SKIP"; done
    exit 0
fi

make -s -C "$top" install BUILD="$build" DESTDIR="$place" PREFIX=/usr >"$place/log" 2>&1
ok 'make install puts everything below DESTDIR' $? || cat "$place/log"
grep -qx prefix=/usr "$place/usr/lib/pkgconfig/leeway.pc" &&
    grep -q '^ExecStart=/usr/bin/leeway ' "$place/usr/lib/systemd/system/leeway.service"
ok 'what is installed names the place it is installed to, whatever was built before' $?
"$place/usr/bin/leeway" --version | grep -q '^leeway [0-9]'
ok 'the installed program runs' $?

cat >"$place/use.c" <<'C'
#include <leeway/ks.h>
#include <leeway/step.h>
#include <leeway/version.h>
#include <stdio.h>

int main(void)
{
    struct lw_rules rules = lw_rules_default();
    struct lw_step *step = NULL;
    struct lw_fault fault;
    struct lw_output output;
    struct lw_point point = {.known = LW_KNOWN_AVERAGE, .count = 1, .average = 0.9, .at = 1560348180000};

    if (lw_step_open(&step, &rules, 0, &fault) != LW_ERR_OK ||
        lw_step_name(step, LW_STR("job-2019-06-12-14-03-27"), &point.run, &fault) != LW_ERR_OK ||
        lw_step_name(step, LW_STR("validation:accuracy"), &point.metric, &fault) != LW_ERR_OK ||
        lw_step_take(step, &point, 1, NULL, 0, &fault) != LW_ERR_OK || lw_step_end(step, &output, &fault) != LW_ERR_OK)
        return 1;
    printf("%s %zu %.*s\n", LW_VERSION, output.models_n, (int)output.models[0].model.len, output.models[0].model.at);
    lw_step_close(step);
    return 0;
}
C
flags=$(sed -n 's/^Libs.private: //p' "$place/usr/lib/pkgconfig/leeway.pc")
gcc -std=c17 -Wall -Werror -I"$place/usr/include" "$place/use.c" -o "$place/use" -L"$place/usr/lib" -lleeway 2>"$place/log" &&
    [ "$(LD_LIBRARY_PATH=$place/usr/lib "$place/use")" = "$(sed -n 's/^Version: //p' "$place/usr/lib/pkgconfig/leeway.pc") 1 job" ]
ok 'a program builds against the shared library and its headers, and runs' $?
# shellcheck disable=SC2086
gcc -std=c17 -I"$place/usr/include" "$place/use.c" -o "$place/use-static" "$place/usr/lib/libleeway.a" $flags && "$place/use-static" >/dev/null
ok 'the same with the static library and the flags of the pkg-config file' $?
[ -z "$(nm -D --defined-only "$place"/usr/lib/libleeway.so.*.*.* | awk '{print $3}' | grep -v '^lw_')" ] &&
    readelf -d "$place"/usr/lib/libleeway.so.*.*.* | grep -q 'SONAME.*libleeway.so.0'
ok 'the shared library exports lw_* alone and has a soname' $?
