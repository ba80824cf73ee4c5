#include "tests/kit/alloc.h"

#include "tests/kit/kit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Made by the linker: __real_x is the allocator's x, __wrap_x is called in its place. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *at, size_t n);
void *__real_reallocarray(void *at, size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t n);
int __real_posix_memalign(void **out, size_t alignment, size_t n);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void __real_free(void *at);

void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *at, size_t n);
void *__wrap_reallocarray(void *at, size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
int __wrap_posix_memalign(void **out, size_t alignment, size_t n);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);
void __wrap_free(void *at);

/* Atomic, because some tests use threads. */
static _Atomic uint64_t counted;
static _Atomic int64_t outstanding;
static _Atomic uint64_t failing; /* 0: none */
static _Atomic bool failing_on;

void kit_alloc_fail(uint64_t nth, bool forever)
{
    counted = 0;
    failing = nth;
    failing_on = forever;
}

uint64_t kit_alloc_count(void)
{
    return counted;
}

int64_t kit_alloc_outstanding(void)
{
    return outstanding;
}

static bool fails(void)
{
    uint64_t n = ++counted;

    if (failing == 0 || n < failing || (n > failing && !failing_on))
        return false;
    errno = ENOMEM;
    return true;
}

static void *counts(void *at)
{
    outstanding += at != NULL;
    return at;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : counts(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : counts(__real_calloc(n, size));
}

void *__wrap_realloc(void *at, size_t n)
{
    void *moved;

    if (fails())
        return NULL;
    moved = __real_realloc(at, n);
    if (at == NULL)
        return counts(moved);
    return moved;
}

void *__wrap_reallocarray(void *at, size_t n, size_t size)
{
    void *moved;

    if (fails())
        return NULL;
    moved = __real_reallocarray(at, n, size);
    if (at == NULL)
        return counts(moved);
    return moved;
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
    return fails() ? NULL : counts(__real_aligned_alloc(alignment, n));
}

int __wrap_posix_memalign(void **out, size_t alignment, size_t n)
{
    int err = fails() ? ENOMEM : __real_posix_memalign(out, alignment, n);

    outstanding += err == 0;
    return err;
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : counts(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t n)
{
    return fails() ? NULL : counts(__real_strndup(text, n));
}

void __wrap_free(void *at)
{
    outstanding -= at != NULL;
    __real_free(at);
}

static bool run_once(bool (*run)(void *self, bool failed), void *self, uint64_t nth, bool forever)
{
    int64_t before = outstanding;
    bool good;

    kit_alloc_fail(nth, forever);
    good = run(self, nth > 0);
    failing = 0;
    if (good && outstanding == before)
        return true;
    printf("#   with allocation %llu failing%s: %s, %lld blocks more than before\n", (unsigned long long)nth,
           forever ? " and all after it" : "", good ? "as expected" : "not as expected",
           (long long)(outstanding - before));
    return false;
}

uint64_t kit_alloc_torture(bool (*run)(void *self, bool failed), void *self)
{
    uint64_t n;
    unsigned wrong = 0;

    CU_ASSERT(run_once(run, self, 0, false));
    n = counted;
    CU_ASSERT(n > 0);
    for (uint64_t nth = 1; nth <= n && wrong < 10; nth++) {
        wrong += !run_once(run, self, nth, false);
        wrong += !run_once(run, self, nth, true);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    return n;
}
