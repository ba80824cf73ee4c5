/* The double of Loggly as a program of its own, for scenarios in shell and for trying things out:
     build/tests/double/loggly [--plain] [--light] [--port N] [--ca-file FILE] [--tokens FILE]
   prints one line "URL CONTROL CA-FILE" and serves until POST CONTROL/double/stop or a signal. How it is driven:
   tests/kit/double/loggly_double.h. */
#include "tests/kit/double/loggly_double.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct kit_double_options options = {.ca_file = "loggly-double-ca.pem"};

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i], "--plain") == 0) {
            options.plain = true;
        } else if (strcmp(argv[i], "--light") == 0) {
            options.light = true;
        } else if (strcmp(argv[i], "--port") == 0) {
            options.port = (int)strtol(value, NULL, 10);
            i++;
        } else if (strcmp(argv[i], "--ca-file") == 0) {
            options.ca_file = value;
            i++;
        } else if (strcmp(argv[i], "--tokens") == 0) {
            options.tokens = value;
            i++;
        } else {
            fprintf(stderr, "unknown argument %s\n", argv[i]);
            return 2;
        }
    }
    if (options.plain)
        options.ca_file = NULL;
    return kit_double_run(&options, STDOUT_FILENO);
}
