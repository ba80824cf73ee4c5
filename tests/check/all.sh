#!/bin/bash
# The rules of the house. Needs BUILD, CC, CLANG, FLAGS from the Makefile; prints what is wrong and ends with 1 then.
# `all.sh deep` is the clang static analyzer instead.
#
# What takes a tool is cut into jobs (one tool over some files: tool.sh), which keep every processor busy until the last one
# is done. A clean checkout takes half a minute on two cores. Files in which a tool found nothing are stamped in $BUILD/check
# and not looked at again until they, a header, a flag or a tool change.
set -u
export CC CLANG FLAGS
export TIDY='-*,bugprone-*,cert-err34-c,misc-misplaced-const,-bugprone-easily-swappable-parameters,-bugprone-branch-clone,-bugprone-macro-parentheses,-bugprone-narrowing-conversions,-bugprone-reserved-identifier,-bugprone-not-null-terminated-result'
# These look at every declaration, and only C++ has what they look for.
TIDY+=',-bugprone-dangling-handle,-bugprone-sizeof-container,-bugprone-fold-init-type'
export DEEP='-*,clang-analyzer-core.*,clang-analyzer-unix.*,clang-analyzer-deadcode.*,clang-analyzer-security.FloatLoopCounter'
export CPPCHECK='--quiet --std=c11 --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches --suppress=unknownMacro -Iinclude -I.'
# What models/ may call: they are pure, without allocation, input, output and clock.
export ALLOWED='^(lw_.*|gsl_cdf_.*|gsl_sf_.*|gsl_linalg_.*|gsl_matrix_.*|gsl_vector_.*|gsl_blas_.*|gsl_ran_.*_pdf|a?(sin|cos|tan)h?|exp|expm1|exp2|log|log1p|log10|log2|pow|sqrt|cbrt|fabs|floor|ceil|round|trunc|rint|nearbyint|llround|lround|fmod|hypot|erf|erfc|lgamma|tgamma|ldexp|frexp|modf|scalbn|logb|ilogb|fmin|fmax|fma|copysign|nextafter|isnan|isinf|mem(cpy|set|move|cmp|chr)|str(len|cmp|ncmp|chr)|__assert_fail|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)$'

WORK=$(mktemp -d) || exit 2
trap 'rm -rf "$WORK"' EXIT
export WORK
mapfile -t sources < <(git ls-files -co --exclude-standard 'engine/*.c' 'models/*.c')
mapfile -t headers < <(git ls-files -co --exclude-standard 'include/*.h' 'engine/*.h' 'models/*.h')
mapfile -t kit < <(git ls-files -co --exclude-standard 'tests/kit/*.c')
mapfile -t every < <(git ls-files -co --exclude-standard '*.c' '*.h')

sha256sum "${every[@]}" >"$WORK/sums"
tools() { # what each one is, without asking it: that takes longer than the rest
    local tool
    for tool in "$CC" nm "$CLANG" clang-tidy clang-format cppcheck; do
        tool=$(command -v "$tool") && stat -L -c '%n %s %Y' "$tool"
    done
}
common=$({ grep '\.h$' "$WORK/sums"; cat tests/check/*.sh tests/check/*.awk .clang-format; echo "$FLAGS"; tools; } | sha256sum | cut -c1-16)
export STAMPS=$BUILD/check/stamps-$common CPPCHECK_RESULTS=$BUILD/check/cppcheck
for old in "$BUILD"/check/*; do
    case $old in "$STAMPS" | "$CPPCHECK_RESULTS") ;; *) rm -rf "$old" ;; esac
done
mkdir -p "$STAMPS" "$CPPCHECK_RESULTS"

unchecked() { # tool, files...: those without a stamp
    local stamps=$STAMPS/$1
    shift
    touch "$stamps"
    printf '%s\n' "$@" | awk 'FILENAME == ARGV[1] { passed[$0]; next }
                              FILENAME == ARGV[2] { if ($0 in passed) stamped[$2]; next }
                              !($0 in stamped)' "$stamps" "$WORK/sums" -
}
deal() { # tool, number of lines in a job: jobs out of the lines on standard input; large and small files are mixed
    awk -v tool="$1" -v each="$2" '
        { line[NR - 1] = $0 }
        END {
            many = int((NR + each - 1) / each)
            for (i = 0; i < NR; i++)
                job[i % many] = job[i % many] " " line[i]
            for (i = 0; i < many; i++)
                print tool job[i]
        }'
}
jobs() { # tool, number of files in a job, files...
    unchecked "$1" "${@:3}" | deal "$1" "$2"
}
work() { # does the jobs on standard input
    xargs -r -L 1 -P "$(nproc)" tests/check/tool.sh
}
installed() {
    command -v "$1" >/dev/null 2>&1
}

failed=0
report() { # name, check, tool that it takes
    if [ $# -gt 2 ] && ! installed "$3"; then
        printf -- '-       %s: %s is not installed\n' "$1" "$3"
    elif compgen -G "$WORK/$2.found.*" >/dev/null; then
        printf 'FAILED  %s\n' "$1"
        cat "$WORK/$2".found.* | head -n 40
        failed=1
    else
        printf 'ok      %s\n' "$1"
    fi
}
rule() { # check, command...: what it prints, and a failure, is a finding
    local check=$1
    shift
    "$@" >"$WORK/$check" 2>&1 || mv "$WORK/$check" "$WORK/$check.found.rule"
}

if [ "${1:-}" = deep ]; then
    jobs deep 8 "${sources[@]}" | work
    report 'clang static analyzer' deep clang-tidy
    exit "$failed"
fi

imports() {
    grep -nHE '^[ \t]*#[ \t]*include[ \t]*"' "${sources[@]}" "${headers[@]}" | sed -E 's/^([^:]*):[0-9]+:/\1:/' | awk -f tests/check/imports.awk
}
banned() {
    # Words that have a safer replacement here, or that depend on the locale or hide state.
    ! grep -nHE '\b(sprintf|vsprintf|strcpy|strcat|strtok|gmtime|localtime|mktime|atoi|atol|atof|rand|srand|random|gets|strtod|strtof|sscanf|system|popen|tmpnam|gsl_sort|gsl_rstat_[a-z]+)[ ]*\(' "${sources[@]}" "${headers[@]}"
}
pages() {
    local page status=0
    for page in engine/share/*.[1-9].in; do
        mandoc -T lint -W warning "$page" || status=1
    done
    return "$status"
}
cppcheck_parts() {
    # A process that has done many files is half as fast as a new one. Each part keeps results of its own, under the bases
    # of the file names; so that one run over all finds them, files with the same base stay together.
    printf '%s\n' "${sources[@]}" | awk -F/ '{ print $NF, $0 }' | LC_ALL=C sort | awk '
        job != "" && $1 != base && ++bases >= 20 { print "cppcheck_part" job; job = ""; bases = 0 }
        { base = $1; job = job " " $2 }
        END { print "cppcheck_part" job }'
}

units() { # files...: what is compiled as one, a line each, with a `;` behind
    # Starting the compiler and reading headers is most of its work. Sources that cannot notice each other are therefore
    # compiled together - if clang compiles each one alone: then nothing can lean on what another one includes.
    local most=1
    installed "$CLANG" && most=12
    [ $# -eq 0 ] || awk -v most="$most" -f tests/check/bundles.awk "$@" "$@"
}

# What every processor works at: long jobs first.
{
    installed cppcheck && [ ! -e "$CPPCHECK_RESULTS/files.txt" ] && cppcheck_parts
} | work
mapfile -t lone < <(awk -f tests/check/headers.awk "${sources[@]}" "${headers[@]}")
{
    installed cppcheck && echo cppcheck_all "${sources[@]}"
    if installed clang-tidy; then
        jobs tidy 50 "${sources[@]}"
        jobs kit 50 "${kit[@]}"
    elif installed "$CLANG"; then
        jobs warnings 20 "${sources[@]}" "${kit[@]}"
    fi
    installed clang-format && jobs format 200 "${every[@]}"
    mapfile -t uncompiled < <(unchecked compiler "${sources[@]}" "${kit[@]}")
    units "${uncompiled[@]}" | deal compiler 6
    jobs header 12 "${lone[@]}"
} | work
rule imports imports
rule functions awk -f tests/check/functions.awk "${every[@]}"
rule banned banned
installed mandoc && rule pages pages

report 'imports follow the rooms' imports
report 'functions of at most 100 lines' functions
report 'no banned calls' banned
report "no warning ($CC)" compiler
report 'only lw_* leaves a file' exports
report 'models are pure (symbols)' symbols
report 'headers compile alone' headers
report "no warning ($CLANG)" warnings "$CLANG"
report 'clang-format' format clang-format
report 'cppcheck' cppcheck cppcheck
report 'clang-tidy' tidy clang-tidy
report 'man pages (mandoc)' pages mandoc
[ "$failed" -eq 0 ] && echo 'check: all good'
exit "$failed"
