#define _XOPEN_SOURCE 700
#include "tests/kit/kit.h"

#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned reported;

static void report_test(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
    (void)suite;
    reported++;
    printf("%s %u - %s\n", failure ? "not ok" : "ok", reported, test->pName);
    for (const CU_FailureRecord *record = failure; record != NULL; record = record->pNext)
        printf("#   %s:%u: %s\n", record->strFileName, record->uiLineNumber, record->strCondition);
    fflush(stdout);
}

int kit_main(const char *suite_name, const struct kit_test *tests, size_t n)
{
    CU_pSuite suite;
    unsigned failed;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (CU_initialize_registry() != CUE_SUCCESS)
        abort();
    suite = CU_add_suite(suite_name, NULL, NULL);
    if (suite == NULL)
        abort();
    for (size_t i = 0; i < n; i++) {
        if (CU_add_test(suite, tests[i].name, tests[i].run) == NULL)
            abort();
    }
    printf("# %s\n1..%zu\n", suite_name, n);
    CU_set_test_complete_handler(report_test);
    if (CU_run_all_tests() != CUE_SUCCESS)
        abort();
    failed = CU_get_number_of_tests_failed();
    CU_cleanup_registry();
    return failed == 0 ? 0 : 1;
}

int kit_close(double got, double want, double tolerance)
{
    double scale = want == 0.0 ? 1.0 : fabs(want);

    if (fabs(got - want) <= tolerance * scale)
        return 1;
    printf("#   got %.17g, want %.17g\n", got, want);
    return 0;
}

struct kit_random kit_seed(uint64_t seed)
{
    const char *replacement = getenv("KIT_SEED");

    if (replacement != NULL)
        seed = strtoull(replacement, NULL, 10);
    printf("# seed %llu (repeat with KIT_SEED)\n", (unsigned long long)seed);
    return (struct kit_random){.state = seed};
}

uint64_t kit_random_bits(struct kit_random *random)
{
    uint64_t z = (random->state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double kit_random_uniform(struct kit_random *random)
{
    return ((double)(kit_random_bits(random) >> 11) + 0.5) * 0x1p-53;
}

double kit_random_normal(struct kit_random *random)
{
    double radius = sqrt(-2.0 * log(kit_random_uniform(random)));

    return radius * cos(2.0 * 3.14159265358979323846 * kit_random_uniform(random));
}

char *kit_data(const char *path, size_t *size)
{
    char full[4096];
    FILE *file;
    char *content = NULL;
    size_t used = 0;
    size_t capacity = 0;
    size_t got;

    snprintf(full, sizeof(full), "tests/data/%s", path);
    file = fopen(full, "rb");
    if (file == NULL) {
        printf("Bail out! cannot open %s (run from the top of the tree)\n", full);
        exit(2);
    }
    do {
        if (capacity - used < 65536) {
            capacity = capacity * 2 + 131072;
            content = realloc(content, capacity);
            if (content == NULL)
                abort();
        }
        got = fread(content + used, 1, capacity - used - 1, file);
        used += got;
    } while (got > 0);
    fclose(file);
    content[used] = '\0';
    if (size != NULL)
        *size = used;
    return content;
}

static char temporary[4096];

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_temporary(void)
{
    nftw(temporary, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *kit_temporary_directory(void)
{
    const char *base = getenv("TMPDIR");

    if (temporary[0] != '\0')
        return temporary;
    snprintf(temporary, sizeof(temporary), "%s/leeway-test-XXXXXX", base ? base : "/tmp");
    if (mkdtemp(temporary) == NULL)
        abort();
    atexit(remove_temporary);
    return temporary;
}
