#!/bin/bash
# The command line: help, version, errors of use, exit codes.
. tests/kit/tap.sh

run --version
ok "--version says the version" says "leeway 0."
ok "and ends with 0" exits 0
"$LEEWAY" --version >/dev/full 2>"$work/err"
status=$?
ok "a version that cannot be written is an error" exits 3
ok "that says why" complains "standard output"
run -V
ok "-V does the same" says "leeway 0."
run --help
ok "--help lists the commands" says "  analyze "
run -h
ok "-h does the same" says "  simulate "
run
ok "no command is an error of use" exits 2
ok "and one line says what to do" complains "leeway --help"
run anlayze
ok "a mistyped command is an error of use" exits 2
ok "with the nearest one" complains "did you mean 'analyze'?"
run frobnicate
ok "a word that is near to none points to the help" complains "see \`leeway --help\`"
run --frobnicate
ok "an option before the command is told apart" complains "options follow a command"
run simulate --runs 60 --drift duration:x2@100
ok "a change beyond the last run is an error of use" exits 2
ok "that says how many there are" complains "there are 60 runs"
run analyze
ok "no input named is an error of use" exits 2
ok "that says what to name" complains "name the files"
run analyze --formt json x
ok "a mistyped option gets the nearest one" complains "did you mean --format?"
run help analyze
ok "help explains a command" says "Usage: leeway analyze [OPTION...] FILE..."
ok "with its options" says "--false-alarms BUDGET"
ok "their defaults" says "(default: 1 per 370 runs)"
ok "and the formats" says "metric-stream"
cp "$work/out" "$work/help"
run analyze --help
ok "--help after the command is the same" same "$work/help" "$work/out"
run help anal
ok "help for what is no command is an error of use" exits 2
for width in 70 80 100; do # the help is ASCII
    COLUMNS=$width "$LEEWAY" help analyze >"$work/out"
    ok "help fits into $width columns" awk -v w="$width" 'length > w { print; bad = 1 } END { exit bad }' "$work/out"
done

history=$work/history.ndjson
"$LEEWAY" simulate --runs 5 --seed 4 -o "$history"
refuse() { # sentence, words that are complained about, options...
    local sentence=$1 words=$2
    shift 2
    run analyze "$@" "$history"
    ok "$sentence" exits 2
    ok "$sentence, and says so" complains "$words"
}
refuse "a false-alarm budget must be one" "1 per 20 runs" --false-alarms often
refuse "a budget of nothing is refused" "1 per 20 runs" --false-alarms '1 per 0 runs'
refuse "a price needs an instance type" "ml.p2.xlarge=0.90" --price 0.90
refuse "a price is a number" "ml.p2.xlarge=0.90" --price ml.p2.xlarge=cheap
refuse "one price for an instance type" "one price" --price a=1 --price a=2
refuse "a rule needs a comparison" "SERIES >= NUMBER" --require 'validation:accuracy 0.8'
refuse "a rule needs a number" "SERIES >= NUMBER" --require 'validation:accuracy >= high'
refuse "hexadecimal is no number" "SERIES >= NUMBER" --require 'validation:accuracy >= 0x1'
refuse "an effect to ignore is a share" "metric=0.005" --ignore-below some
refuse "its kinds have names" "metric=0.005" --ignore-below 'speed=1%'
refuse "a time is a time" "a time such as" --now yesterday
refuse "a window has a beginning before its end" "later than --since" --since 2020-01-02 --until 2020-01-01
refuse "a zone is one of the system" "Mars" --timezone Mars/Base
refuse "an input format is one of the list" "leeway help analyze" --input-format xml
refuse "a form is one of three" "text, json or ndjson" --format xml
refuse "a verdict to fail on is one of three" "insufficient_data" --fail-on ok
refuse "a width is not narrower than 40" "from 40 to 1000" --width 10
refuse "threads are whole" "from 1 to 64" --threads 1.5
refuse "somebody has to judge" "from 1 to 64" --threads 0
refuse "a tolerance goes with a cadence" "--cadence" --tolerance 5m
refuse "a metric has one direction" "not both" --higher-is-better x --lower-is-better x
refuse "columns have known keys" "columns" --columns when=ts
refuse "a switch takes no value" "takes no value" --strict=yes
refuse "an option is given once" "given twice" --model a --model b

run simulate --drift nonsense
ok "a drift that is none is an error of use" exits 2
run simulate --runs 1.5
ok "runs are whole numbers" exits 2
run simulate file
ok "simulate reads no file" exits 2
run demo file
ok "demo reads no file" exits 2
run completion fish
ok "only bash is completed" exits 2
run completion bash
ok "the completion is valid bash" bash -n "$work/out"
complete_words() { # line so far: prints the replies
    (
        # shellcheck disable=SC1091
        . "$work/out"
        # shellcheck disable=SC2206
        COMP_WORDS=($1 "${2-}")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _leeway
        echo "${COMPREPLY[*]}"
    )
}
ok "it completes commands" test "$(complete_words leeway sim)" = simulate
ok "it completes options" test "$(complete_words 'leeway analyze' --fals)" = --false-alarms
ok "it completes values" test "$(complete_words 'leeway analyze --format' nd)" = ndjson
if command -v mandoc >/dev/null; then
    # Where it looks for the page that the other one refers to, whatever is installed here.
    export MANPATH="$work/man"
    mkdir -p "$MANPATH/man1" "$MANPATH/man5"
    "$LEEWAY" help --man engine/share/leeway.1.in >"$MANPATH/man1/leeway.1"
    "$LEEWAY" help --man engine/share/leeway.yaml.5.in >"$MANPATH/man5/leeway.yaml.5"
    ok "mandoc finds nothing to warn of in the man page" mandoc -T lint -W style "$MANPATH/man1/leeway.1"
    mandoc -T html "$MANPATH/man1/leeway.1" >"$work/out"
    ok "the man page has the options" says "false-alarms"
else
    echo "# mandoc is not installed: the man page is not linted"
fi
done_testing
