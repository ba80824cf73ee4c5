#!/bin/bash
# One run of one tool over some sources, for all.sh, which exports the names in capitals. What is found lies in
# $WORK/CHECK.found.*; a run without a finding stamps its sources, so that they are not looked at again until something changes.
# usage: tool.sh TOOL FILE...
tool=$1
shift
found() { # check: what comes in on standard input, if anything, is a finding of it
    local file=$WORK/$1.found.$$
    cat >"$file"
    [ -s "$file" ] || { rm -f "$file" && return 0; }
    return 1
}
quietly() { # check, command...: a failure is a finding, whatever is printed
    local check=$1 said
    shift
    said=$("$@" 2>&1) || { printf '%s\n' "${said:-"$* fails and says nothing"}" | found "$check"; return 1; }
}

# Unoptimised objects show what is really called, and making them brings the warnings that follow the flow of a function.
# How long a printed number can be is only known to the optimiser: the build itself warns of that.
compile() { # object, source...: one object of all of them
    local object=$1 flags='-Werror -Wno-format-truncation -O0'
    shift
    # shellcheck disable=SC2086
    if [ $# -eq 1 ]; then
        "$CC" $FLAGS $flags -c "$1" -o "$object"
    else # the constants of what is included count too
        printf '#include "%s"\n' "$@" | "$CC" $FLAGS $flags -Wunused-const-variable=2 -x c -c - -o "$object"
    fi
}
unit() { # sources that can be compiled together; if that finds something, it is looked at in each alone
    local source status=0
    [ $# -gt 1 ] && compile "$objects/$1.o" "$@" 2>/dev/null && return 0
    for source; do
        compile "$objects/$source.o" "$source" || status=1
    done
    return "$status"
}
compiler() { # sources, with a `;` behind those of a unit
    local word status=0 sources=() objects=$WORK/objects.$$
    mkdir "$objects"
    for word; do
        mkdir -p "$objects/${word%/*}"
        [ "$word" = ';' ] || { sources+=("$word") && continue; }
        unit "${sources[@]}" || status=1
        sources=()
    done >"$WORK/said.$$" 2>&1
    [ "$status" -eq 0 ] || found compiler <"$WORK/said.$$"
    # x.c of a room exports only lw_*: everything else is static.
    rm -rf "$objects/engine/main.c.o" "$objects/tests"
    (cd "$objects" && find . -name '*.o' -exec nm -A --defined-only -g {} + 2>&1) | awk '$NF !~ /^lw_/' | found exports || status=1
    (cd "$objects" && find models -name '*.o' -exec nm -A -u {} + 2>/dev/null) | awk -v allowed="$ALLOWED" '$NF !~ allowed { sub(/:.*/, "", $1); print $1 " calls " $NF }' | found symbols || status=1
    rm -rf "$objects"
    return "$status"
}
# clang-tidy compiles too, and tells clang's warnings with its own.
tidy_says() { # checks, file...
    local checks=$1 said status
    shift
    # shellcheck disable=SC2086
    said=$(clang-tidy --quiet --warnings-as-errors='*' --header-filter='.*' --checks="$checks" "$@" -- $FLAGS 2>"$WORK/errors.$$")
    status=$?
    [ "$status" -eq 0 ] || printf '%s\n' "${said:-clang-tidy: $(cat "$WORK/errors.$$")}"
    return "$status"
}
tidy() {
    local said
    said=$(tidy_says "$TIDY,clang-diagnostic-*" "$@") && return 0
    # A finding is the lines from its own to the next one's.
    awk '/: (error|warning): /{ own = /\[clang-diagnostic-/ } own' <<<"$said" | found warnings
    awk '/: (error|warning): /{ own = /\[clang-diagnostic-/ } !own' <<<"$said" | found tidy
    return 1
}
kit() { # tests/kit is held to the warnings alone; clang-tidy wants a check of its own beside them, here one that C cannot break
    local said
    said=$(tidy_says '-*,clang-diagnostic-*,bugprone-lambda-function-name' "$@") || { found warnings <<<"$said"; return 1; }
}
deep() {
    local said
    said=$(tidy_says "$DEEP" "$@") || { found deep <<<"$said"; return 1; }
}
warnings() { # where clang is, and clang-tidy is not
    # shellcheck disable=SC2086
    quietly warnings "$CLANG" $FLAGS -Werror -fsyntax-only "$@"
}
format() {
    quietly format clang-format --dry-run --Werror "$@"
}
header() {
    local file status=0
    for file; do
        # shellcheck disable=SC2086
        printf '#include "%s"\nextern int not_empty;\n' "${file#include/}" | quietly headers "$CC" $FLAGS -Werror -fsyntax-only -x c - || status=1
    done
    return "$status"
}
# Only leaves its results: the run over all sources tells them (see all.sh).
cppcheck_part() {
    local results=$WORK/cppcheck.$$
    mkdir "$results"
    # shellcheck disable=SC2086
    cppcheck $CPPCHECK --cppcheck-build-dir="$results" "$@" 2>/dev/null
    rm -f "$results/files.txt"
    mv "$results"/* "$CPPCHECK_RESULTS"
}
cppcheck_all() {
    # shellcheck disable=SC2086
    quietly cppcheck cppcheck $CPPCHECK --cppcheck-build-dir="$CPPCHECK_RESULTS" "$@"
}

"$tool" "$@" || exit 0
[ "$tool" = cppcheck_part ] && exit 0
printf '%s\n' "$@" | awk 'NR == FNR { mine[$1]; next } $2 in mine' - "$WORK/sums" >>"$STAMPS/$tool"
