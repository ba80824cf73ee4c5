#!/bin/bash
# The rules of the house. Needs BUILD, CC, CLANG, FLAGS from the Makefile; prints what is wrong and ends with 1 then.
set -u
failed=0
quick='-*,bugprone-*,cert-err34-c,misc-misplaced-const,-bugprone-easily-swappable-parameters,-bugprone-branch-clone,-bugprone-macro-parentheses,-bugprone-narrowing-conversions,-bugprone-reserved-identifier,-bugprone-not-null-terminated-result'
deep='-*,clang-analyzer-core.*,clang-analyzer-unix.*,clang-analyzer-deadcode.*,clang-analyzer-security.FloatLoopCounter'
jobs_dir=$(mktemp -d) || exit 2
trap 'rm -rf "$jobs_dir"' EXIT
sources=$(git ls-files -co --exclude-standard 'engine/*.c' 'models/*.c')
headers=$(git ls-files -co --exclude-standard 'include/*.h' 'engine/*.h' 'models/*.h')
every=$(git ls-files -co --exclude-standard '*.c' '*.h')

# What was checked before and has not changed since, with all headers, flags and tools, is not checked again: a stamp for
# each source lies in $BUILD/check. A clean checkout takes about a minute on two cores, a change a few seconds.
stamps=$BUILD/check
objects=$BUILD/check/objects
mkdir -p "$stamps/cppcheck"
# shellcheck disable=SC2086
common=$({ cat $headers tests/kit/*.h tests/check/all.sh; echo "$FLAGS"; "$CC" --version; "$CLANG" --version; } 2>/dev/null | sha256sum | cut -c1-16)
unchecked() { # tool, sources...: those without a stamp
    local tool=$1 file
    shift
    for file in "$@"; do
        [ -e "$stamps/$tool-$common-$(sha256sum <"$file" | cut -c1-16)" ] || echo "$file"
    done
}
stamp() { # tool, sources...
    local tool=$1 file
    shift
    for file in "$@"; do
        : >"$stamps/$tool-$common-$(sha256sum <"$file" | cut -c1-16)"
    done
}
report() { # name, status, output file
    if [ "$2" -eq 0 ]; then
        printf 'ok      %s\n' "$1"
    else
        printf 'FAILED  %s\n' "$1"
        head -n 40 "$3"
        failed=1
    fi
}
run() { # name, command...
    local name=$1
    shift
    "$@" >"$jobs_dir/out" 2>&1
    report "$name" $? "$jobs_dir/out"
}
imports() {
    # shellcheck disable=SC2086
    grep -nHE '^[ \t]*#[ \t]*include[ \t]*"' $sources $headers | sed -E 's/^([^:]*):[0-9]+:/\1:/' | awk -f tests/check/imports.awk
}
functions() {
    # shellcheck disable=SC2086
    awk -f tests/check/functions.awk $every
}
banned() {
    # Words that have a safer replacement here, or that depend on the locale or hide state.
    # shellcheck disable=SC2086
    ! grep -nHE '\b(sprintf|vsprintf|strcpy|strcat|strtok|gmtime|localtime|mktime|atoi|atol|atof|rand|srand|random|gets|strtod|strtof|sscanf|system|popen|tmpnam|gsl_sort|gsl_rstat_[a-z]+)[ ]*\(' $sources $headers
}
object_of() { echo "$objects/${1%.c}.o"; }
compile() {
    # Every source as an unoptimised object, which shows what is really called, with warnings as errors. How long a printed
    # number can be is only known to the optimiser: the build itself warns of that.
    local files
    # shellcheck disable=SC2086
    files=$(for file in $(unchecked compiled $sources tests/kit/*.c) $(for file in $sources; do [ -e "$(object_of "$file")" ] || echo "$file"; done); do echo "$file"; done | sort -u)
    [ -z "$files" ] && return 0
    export CC FLAGS objects
    # shellcheck disable=SC2016,SC2086
    printf '%s\n' $files | xargs -P 2 -n 6 sh -c 'for file; do
        mkdir -p "$objects/${file%/*}" && $CC $FLAGS -Werror -Wno-format-truncation -O0 -c "$file" -o "$objects/${file%.c}.o" || exit 1
    done' compile && stamp compiled $files
}
exports() {
    # x.c of a room exports only lw_*: everything else is static.
    local file
    # shellcheck disable=SC2046
    ! nm -A --defined-only -g $(for file in $sources; do [ "$file" = engine/main.c ] || object_of "$file"; done) | awk '$NF !~ /^lw_/' | grep .
}
symbols() {
    # models/ are pure: no allocation, no input or output, no clock.
    local allowed='^(lw_.*|gsl_cdf_.*|gsl_sf_.*|gsl_linalg_.*|gsl_matrix_.*|gsl_vector_.*|gsl_blas_.*|gsl_ran_.*_pdf|a?(sin|cos|tan)h?|exp|expm1|exp2|log|log1p|log10|log2|pow|sqrt|cbrt|fabs|floor|ceil|round|trunc|rint|nearbyint|llround|lround|fmod|hypot|erf|erfc|lgamma|tgamma|ldexp|frexp|modf|scalbn|logb|ilogb|fmin|fmax|fma|copysign|nextafter|isnan|isinf|mem(cpy|set|move|cmp|chr)|str(len|cmp|ncmp|chr)|__assert_fail|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)$'
    local bad=0 file
    for file in models/*.c; do
        nm -u "$(object_of "$file")" | awk '{print $2}' | grep -vE "$allowed" | sed "s|^|$file calls |" | grep . && bad=1
    done
    return $bad
}
headers_alone() {
    [ -e "$stamps/headers-$common" ] && return 0
    # shellcheck disable=SC2086
    printf '%s\n' $headers | xargs -P 2 -I{} sh -c "printf '#include \"%s\"\nextern int not_empty;\n' '{}' | sed 's|\"include/|\"|' | $CC $FLAGS -Werror -fsyntax-only -x c - || { echo {}; exit 1; }" && : >"$stamps/headers-$common"
}
warnings() { # compiler
    local files tool
    tool=warnings-$(basename "$1")
    # shellcheck disable=SC2086
    files=$(unchecked "$tool" $sources tests/kit/*.c)
    [ -z "$files" ] && return 0
    # shellcheck disable=SC2086
    printf '%s\n' $files | xargs -P 2 -n 6 "$1" $FLAGS -Werror -O1 -fsyntax-only && stamp "$tool" $files
}
format() {
    # shellcheck disable=SC2086
    clang-format --dry-run --Werror $every
}
tidy() { # name, checks
    local files
    export FLAGS
    # shellcheck disable=SC2086
    files=$(unchecked "$1" $sources)
    [ -z "$files" ] && return 0
    # shellcheck disable=SC2086,SC2016
    printf '%s\n' $files | xargs -P 2 -n 8 sh -c 'clang-tidy --quiet --warnings-as-errors="*" --checks="$0" "$@" -- $FLAGS 2>/dev/null' "$2" && stamp "$1" $files
}
analyse() {
    # shellcheck disable=SC2086
    cppcheck --quiet -j 2 --cppcheck-build-dir="$stamps/cppcheck" --std=c11 --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
        --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches --suppress=unknownMacro -Iinclude -I. $sources
}

if [ "${1:-}" = deep ]; then
    run 'clang static analyzer' tidy deep "$deep"
    exit "$failed"
fi
run 'imports follow the rooms' imports
run 'functions of at most 100 lines' functions
run 'no banned calls' banned
run "no warning ($CC)" compile
run 'only lw_* leaves a file' exports
run 'models are pure (symbols)' symbols
run 'headers compile alone' headers_alone
if command -v "$CLANG" >/dev/null 2>&1; then run "no warning ($CLANG)" warnings "$CLANG"; else echo "-       clang is not installed"; fi
if command -v clang-format >/dev/null 2>&1; then run 'clang-format' format; else echo "-       clang-format is not installed"; fi
if command -v cppcheck >/dev/null 2>&1; then run 'cppcheck' analyse; else echo "-       cppcheck is not installed"; fi
if command -v clang-tidy >/dev/null 2>&1; then run 'clang-tidy' tidy tidy "$quick"; else echo "-       clang-tidy is not installed"; fi
if command -v mandoc >/dev/null 2>&1; then
    for page in engine/share/*.[1-9]; do
        [ -e "$page" ] && run "mandoc -T lint $page" mandoc -T lint -W warning "$page"
    done
fi
[ "$failed" -eq 0 ] && echo 'check: all good'
exit "$failed"
