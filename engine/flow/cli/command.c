#include "engine/flow/cli/command.h"

#include "engine/decode/decode.h"
#include "engine/flow/fetch.h"
#include "engine/flow/people/commands.h"
#include "engine/flow/service/doctor.h"
#include "engine/flow/reconcile/reconcile.h"
#include "engine/flow/store_command.h"
#include "engine/flow/watch/watch.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define FORMAT_ID(name, id, text) id " "
#define FORMAT_IDS                LW_FORMAT_LIST(FORMAT_ID)

/* Rows that several subcommands share. */
#define INPUT_ROWS                                                                                                     \
    {.group = "Reading",                                                                                               \
     .name = "input-format",                                                                                           \
     .argument = "FORMAT",                                                                                             \
     .preset = "auto",                                                                                                 \
     .values = FORMAT_IDS,                                                                                             \
     .help = "Format of the files; auto looks at the content of each"},                                                \
        {.group = "Reading",                                                                                           \
         .name = "origin",                                                                                             \
         .argument = "LABEL",                                                                                          \
         .help = "Where the data come from (account/region or any label), where they do not say so"},                  \
        {.group = "Reading",                                                                                           \
         .name = "model",                                                                                              \
         .argument = "NAME",                                                                                           \
         .help = "All runs belong to this model; else the model follows from the names of the jobs"},                  \
        {.group = "Reading",                                                                                           \
         .name = "run",                                                                                                \
         .argument = "NAME",                                                                                           \
         .help = "Name of the run, for data that do not say it (a log is named after its file)"},                      \
        {.group = "Reading",                                                                                           \
         .name = "metric",                                                                                             \
         .argument = "NAME",                                                                                           \
         .help = "Name of the metric, for data that do not say it"},                                                   \
        {.group = "Reading",                                                                                           \
         .name = "stat",                                                                                               \
         .argument = "STATISTIC",                                                                                      \
         .values = "Average Minimum Maximum Sum SampleCount",                                                          \
         .help = "Statistic that the values are, for data that do not say it"},                                        \
        {.group = "Reading",                                                                                           \
         .name = "columns",                                                                                            \
         .argument = "KEY=COLUMN,...",                                                                                 \
         .help = "Names of the columns of plain CSV and NDJSON: time, origin, model, run, metric, value, min, max, "   \
                 "sum, count"},                                                                                        \
        {.group = "Reading",                                                                                           \
         .name = "timezone",                                                                                           \
         .argument = "ZONE",                                                                                           \
         .preset = "UTC",                                                                                              \
         .help = "Zone of times that carry none: UTC, +02:00, Europe/Berlin"},                                         \
        {.group = "Reading", .name = "strict", .help = "The first record that cannot be used is an error"},            \
        {.group = "Reading",                                                                                           \
         .name = "since",                                                                                              \
         .argument = "TIME",                                                                                           \
         .help = "Leave out the runs that ended before, each as a whole, e.g. 2019-06-12 or 2019-06-12T14:00Z"},       \
        {.group = "Reading",                                                                                           \
         .name = "until",                                                                                              \
         .argument = "TIME",                                                                                           \
         .help = "Leave out the runs that ended then or later"},                                                       \
    {                                                                                                                  \
        .group = "Reading", .name = "model-pattern", .argument = "GLOB",                                               \
        .help = "Only models whose name matches, e.g. 'churn-*'"                                                       \
    }

#define SHOW_ROWS                                                                                                      \
    {.group = "Showing",                                                                                               \
     .name = "output",                                                                                                 \
     .letter = 'o',                                                                                                    \
     .argument = "FILE",                                                                                               \
     .values = "FILE",                                                                                                 \
     .help = "Write to FILE instead of the terminal; it is replaced at once or not at all"},                           \
        {.group = "Showing",                                                                                           \
         .name = "color",                                                                                              \
         .argument = "WHEN",                                                                                           \
         .preset = "auto",                                                                                             \
         .values = "auto always never",                                                                                \
         .help = "Colours: auto means on a terminal, unless NO_COLOR is set"},                                         \
    {                                                                                                                  \
        .group = "Showing", .name = "width", .argument = "COLUMNS",                                                    \
        .help = "Width of the text (default: that of the terminal, else 80)"                                           \
    }

#define FORMAT_ROW                                                                                                     \
    {                                                                                                                  \
        .group = "Showing", .name = "format", .argument = "FORM", .preset = "text", .values = "text json ndjson",      \
        .help = "text for people, json for one document (leeway.report/1), ndjson for events, one per line"            \
    }

#define HELP_ROW                                                                                                       \
    {                                                                                                                  \
        .group = "Other", .name = "help", .letter = 'h', .help = "Show this help"                                      \
    }

static const struct lw_option analyze_options[] = {
    INPUT_ROWS,
    {.group = "Judging",
     .name = "baseline",
     .argument = "RUN,...",
     .repeatable = true,
     .help = "These runs alone are the reference; else it is learnt from the first runs on"},
    {.group = "Judging",
     .name = "reference-runs",
     .argument = "N",
     .preset = "50",
     .help = "Runs that the Kolmogorov-Smirnov comparison looks back on at most"},
    {.group = "Judging",
     .name = "rebaseline",
     .argument = "RUN",
     .repeatable = true,
     .help = "From this run on the new level was wanted and is the reference"},
    {.group = "Judging",
     .name = "notes",
     .argument = "FILE",
     .values = "FILE",
     .help = "Changes that were expected: notes as `leeway expect` keeps them, one JSON object per line"},
    {.group = "Judging",
     .name = "higher-is-better",
     .argument = "METRIC",
     .repeatable = true,
     .help = "Direction of a metric whose name does not tell it"},
    {.group = "Judging",
     .name = "lower-is-better",
     .argument = "METRIC",
     .repeatable = true,
     .help = "The same, the other way round"},
    {.group = "Judging",
     .name = "require",
     .argument = "RULE",
     .repeatable = true,
     .help = "A rule that every run has to keep: 'validation:accuracy >= 0.8', 'duration < 900', 'cost <= 2'"},
    {.group = "Judging",
     .name = "ignore-below",
     .argument = "EFFECT",
     .preset = "metric=0.005, loss=5%, duration=10%",
     .help = "Smallest change that may alarm; one number is that of metrics in 0..1"},
    {.group = "Judging",
     .name = "false-alarms",
     .argument = "BUDGET",
     .preset = "1 per 370 runs",
     .help = "False alarms that are accepted, per model, all charts together"},
    {.group = "Judging",
     .name = "price",
     .argument = "INSTANCE=PRICE",
     .repeatable = true,
     .help = "Price of an instance type per hour, for the cost of runs: ml.p2.xlarge=0.90"},
    {.group = "Judging",
     .name = "cadence",
     .argument = "SPAN",
     .help = "A run is expected that often: 1h, 1d; else it is learnt"},
    {.group = "Judging",
     .name = "tolerance",
     .argument = "SPAN",
     .help = "With --cadence: how late a run may be before it is overdue"},
    {.group = "Judging",
     .name = "now",
     .argument = "TIME",
     .help = "Time up to which silence is judged (default: the end of the data)"},
    {.group = "Judging",
     .name = "threads",
     .argument = "N",
     .help = "Models that are judged at the same time (default: one for each processor); results do not depend on it"},
    FORMAT_ROW,
    SHOW_ROWS,
    {.group = "Showing",
     .name = "fail-on",
     .argument = "VERDICT",
     .values = "warning drift insufficient_data",
     .repeatable = true,
     .help = "Exit with 1 when a model has this verdict: warning includes drift, drift includes error"},
    HELP_ROW,
};

static const struct lw_option models_options[] = {INPUT_ROWS, SHOW_ROWS, HELP_ROW};

#define CONFIG_ROW                                                                                                     \
    {                                                                                                                  \
        .group = "Configuration", .name = "config", .letter = 'c', .argument = "FILE", .values = "FILE",               \
        .help = "The configuration; else the first of ./leeway.yaml, $XDG_CONFIG_HOME/leeway/leeway.yaml and "         \
                "/etc/leeway/leeway.yaml that is there"                                                                \
    }

static const struct lw_option config_options[] = {
    CONFIG_ROW,
    {.group = "Configuration",
     .name = "store",
     .argument = "FILE",
     .values = "FILE",
     .help = "The store, in place of the one that the configuration names"},
    {.group = "Configuration", .name = "strict", .help = "With check: exit with 1 when there are warnings"},
    {.group = "Showing", .name = "origin", .help = "With show: where each value comes from"},
    {.group = "Showing",
     .name = "output",
     .letter = 'o',
     .argument = "FILE",
     .values = "FILE",
     .help = "Write to FILE instead of standard output"},
    HELP_ROW,
};

static const struct lw_option init_options[] = {
    {.group = "The configuration",
     .name = "from",
     .argument = "FILE",
     .values = "FILE",
     .repeatable = true,
     .help = "Look at this file; further ones may simply follow"},
    {.group = "The configuration",
     .name = "output",
     .letter = 'o',
     .argument = "FILE",
     .preset = "leeway.yaml",
     .values = "FILE",
     .help = "The file that is made; it is never overwritten. - is standard output"},
    INPUT_ROWS,
    HELP_ROW,
};

static const struct lw_option simulate_options[] = {
    {.group = "The history", .name = "runs", .argument = "N", .preset = "60", .help = "Number of runs"},
    {.group = "The history",
     .name = "every",
     .argument = "SPAN",
     .preset = "1h",
     .help = "A run is started that often (and not before the one before it has ended)"},
    {.group = "The history", .name = "duration", .argument = "SPAN", .preset = "10m", .help = "Usual run time"},
    {.group = "The history", .name = "epochs", .argument = "N", .preset = "20", .help = "Epochs of a run"},
    {.group = "The history",
     .name = "model",
     .argument = "NAME",
     .preset = "simulated",
     .help = "Name of the model; runs are named after it and their start"},
    {.group = "The history",
     .name = "start",
     .argument = "TIME",
     .preset = "2019-06-01T00:00:00Z",
     .help = "Start of the first run"},
    {.group = "The history",
     .name = "seed",
     .argument = "N",
     .preset = "1",
     .help = "Seed of the random numbers: the same seed gives the same bytes"},
    {.group = "What changes",
     .name = "drift",
     .argument = "SERIES:CHANGE@RUN",
     .repeatable = true,
     .help = "From that run on (the first is 1) the series changes: validation:accuracy:-0.02@40, duration:x2@45, "
             "train:accuracy:-0.05@20-25 for those runs alone"},
    {.group = "What changes",
     .name = "gap",
     .argument = "SPAN@RUN",
     .repeatable = true,
     .help = "From that run on the time since the end of the run before is this: 30m@50"},
    {.group = "Writing",
     .name = "output",
     .letter = 'o',
     .argument = "FILE",
     .values = "FILE",
     .help = "Write to FILE instead of standard output"},
    HELP_ROW,
};

static const struct lw_option demo_options[] = {
    FORMAT_ROW,
    SHOW_ROWS,
    {.group = "Other", .name = "dir", .help = "Print where the data of the demo lie, and end"},
    HELP_ROW,
};

static const struct lw_option help_options[] = {
    {.group = "Other",
     .name = "man",
     .argument = "TEMPLATE",
     .hidden = true,
     .help = "Print the man page: the template with its marks replaced by the tables"},
    HELP_ROW,
};

static const struct lw_option completion_options[] = {HELP_ROW};

const struct lw_command lw_command_analyze = {
    .name = "analyze",
    .operands = "FILE...",
    .summary = "from exported metrics to a drift verdict",
    .about =
        "Reads metrics of training runs, says what each run did, how it compares with the others, and whether "
        "something drifted. Files may be gzip'd; `-` is standard input; a directory means the files in it. The format "
        "of each file is found by looking at its content. Records that cannot be used are skipped, counted and shown.\n"
        "\n"
        "Exit codes: 0 done, whatever was found; 1 only with --fail-on, when it was found; 2 usage; 3 unreadable or "
        "unusable input (what could be read is still reported).",
    .examples = "leeway analyze export.json\ta Loggly export, or any other known format\n"
                "leeway analyze --model churn logs/*.txt\ttraining logs of one model\n"
                "leeway analyze --format json -o report.json metrics/\tfor programs\n"
                "leeway analyze --fail-on drift --require 'auc >= 0.8' export.json\tin a pipeline\n",
    .options = analyze_options,
    .options_n = COUNT(analyze_options),
};

const struct lw_command lw_command_models = {
    .name = "models",
    .operands = "FILE...",
    .summary = "how job names were grouped into models",
    .about =
        "Shows the models that were found, how many runs each has, the first and the last, and examples of the names. "
        "A family of a single run is pointed out: its name may carry something that changes with every run, and "
        "then --model puts it right.",
    .examples = "leeway models export.json\t\n",
    .options = models_options,
    .options_n = COUNT(models_options),
};

const struct lw_command lw_command_config = {
    .name = "config",
    .operands = "check|show|schema|example",
    .summary = "check or show the configuration",
    .about =
        "check reads the configuration and says what is wrong with it: first its form (every error with file, line "
        "and column), then what would not work or is not meant: files with secrets that are missing, empty or "
        "readable by others, blocks of models that are never reached or match no model in the store. show prints "
        "what holds, with --origin where each value comes from: the command line, a variable LEEWAY_... of the "
        "environment, a line of the file, or the default. schema prints a JSON Schema for editors, example a "
        "configuration with every key and its meaning.\n"
        "\n"
        "Exit codes: 0 good; 1 warnings, with --strict; 2 not valid, or would not work; 3 cannot be read.",
    .examples = "leeway config check\t\n"
                "leeway config show --origin -c leeway.yaml\t\n"
                "leeway config example -o leeway.yaml\tto begin with; or see `leeway help init`\n",
    .options = config_options,
    .options_n = COUNT(config_options),
};

const struct lw_command lw_command_init = {
    .name = "init",
    .operands = "[FILE...]",
    .summary = "make a configuration from exported metrics",
    .about = "Reads exported metrics as `leeway models` does and writes a commented configuration: a block for each "
             "model that it found, with a pattern of the names of its jobs, and the sources that the data seem to come "
             "from. A file that is there already is left alone (exit code 2).",
    .examples = "leeway init --from export.json\tmakes ./leeway.yaml\n"
                "leeway init --from metrics/ -o -\tshows it\n",
    .options = init_options,
    .options_n = COUNT(init_options),
};

const struct lw_command lw_command_simulate = {
    .name = "simulate",
    .summary = "write a history of runs with known drift",
    .about =
        "Writes the events that Loggly's CloudWatch integration would have sent for a model that is trained again and "
        "again: train:accuracy and validation:accuracy by the minute, CPU and GPU utilisation of the host. For trying "
        "the detectors.\n"
        "\n"
        "Calibrated on four real MNIST training jobs: the mean of their learning curves epoch by epoch, the "
        "standard deviation of their final accuracies (0.0023 validation, 0.0010 train); and on the run times of "
        "repeated jobs (12 % from run to run) and their start-up times (about 3 minutes, 40 s from run to run).",
    .examples = "leeway simulate --drift 'validation:accuracy:-0.02@40' -o history.ndjson\t\n"
                "leeway simulate --drift 'duration:x2@45' --gap '30m@50' | leeway analyze -\t\n",
    .options = simulate_options,
    .options_n = COUNT(simulate_options),
};

const struct lw_command lw_command_demo = {
    .name = "demo",
    .summary = "real training jobs and a simulated drift, analyzed",
    .about = "Analyzes training logs of real SageMaker jobs (four MNIST runs, four DeepAR runs, an image "
             "classification) and a simulated history with planted drift, and shows the commands that did it.",
    .options = demo_options,
    .options_n = COUNT(demo_options),
};

const struct lw_command lw_command_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .summary = "explain a command",
    .about = "Explains leeway or one of its commands.",
    .options = help_options,
    .options_n = COUNT(help_options),
};

const struct lw_command lw_command_completion = {
    .name = "completion",
    .operands = "bash",
    .summary = "print a completion script for the shell",
    .about = "Prints a script that completes commands, options and their values in bash.",
    .examples = "source <(leeway completion bash)\tin ~/.bashrc\n",
    .options = completion_options,
    .options_n = COUNT(completion_options),
};

const struct lw_command *const lw_command_all[] = {
    &lw_command_analyze,   &lw_command_models, &lw_command_simulate,   &lw_command_demo,       &lw_command_watch,
    &lw_command_init,      &lw_command_config, &lw_command_fetch,      &lw_command_store,      &lw_command_alerts,
    &lw_command_ack,       &lw_command_expect, &lw_command_mute,       &lw_command_test_alert, &lw_command_doctor,
    &lw_command_reconcile, &lw_command_help,   &lw_command_completion,
};
const size_t lw_command_all_n = COUNT(lw_command_all);

const struct lw_command *lw_command_find(const char *name)
{
    for (size_t i = 0; i < lw_command_all_n; i++) {
        if (strcmp(lw_command_all[i]->name, name) == 0)
            return lw_command_all[i];
    }
    return NULL;
}

const char *lw_command_nearest(const char *name)
{
    const char *names[COUNT(lw_command_all)];

    for (size_t i = 0; i < lw_command_all_n; i++)
        names[i] = lw_command_all[i]->name;
    return lw_options_nearest(name, names, lw_command_all_n);
}
