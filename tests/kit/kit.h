/* The test kit: one suite per program, test names are sentences, TAP on stdout, non-zero exit when a check fails.

   #include "tests/kit/kit.h"
   static void adds_numbers(void) { CU_ASSERT_EQUAL(1 + 1, 2); }
   KIT_SUITE("arithmetic", {"one and one is two", adds_numbers})
*/
#ifndef LEEWAY_TESTS_KIT_H
#define LEEWAY_TESTS_KIT_H

#include <CUnit/CUnit.h>
#include <stddef.h>
#include <stdint.h>

struct kit_test {
    const char *name;
    void (*run)(void);
};

int kit_main(const char *suite, const struct kit_test *tests, size_t n);

#define KIT_SUITE(name, ...)                                                                                           \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        static const struct kit_test tests[] = {__VA_ARGS__};                                                          \
        return kit_main(name, tests, sizeof(tests) / sizeof(tests[0]));                                                \
    }

/* |got - want| <= tolerance * |want| (or <= tolerance when want is 0); prints both values when it fails. */
#define KIT_CLOSE(got, want, tolerance)                                                                                \
    CU_assertImplementation(kit_close((got), (want), (tolerance)), __LINE__, #got " is close to " #want, __FILE__, "", \
                            CU_FALSE)
int kit_close(double got, double want, double tolerance);

/* Seeded generator for randomised tests (splitmix64). The seed is printed by kit_seed as a TAP comment; the environment
   variable KIT_SEED replaces the given one. */
struct kit_random {
    uint64_t state;
};
struct kit_random kit_seed(uint64_t seed);
uint64_t kit_random_bits(struct kit_random *random);
double kit_random_uniform(struct kit_random *random); /* in (0, 1) */
double kit_random_normal(struct kit_random *random);

/* The whole of a file below tests/data (path relative to it), terminated by a NUL that `size` does not count. Ends the
   test program when it cannot be read. Owned by the caller: free(). */
char *kit_data(const char *path, size_t *size);

/* A fresh empty directory below $TMPDIR or /tmp, removed with all its content when the program ends. */
const char *kit_temporary_directory(void);

#endif
