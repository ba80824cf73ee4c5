#include "tests/kit/kit.h"

#include "engine/report/page/spark.h"

#include <math.h>

static const char *bars(const double *values, size_t n, size_t columns, bool utf8)
{
    static struct lw_buf out = {.ceiling = 4096};

    lw_buf_clear(&out);
    (void)lw_spark_write(&out, values, n, columns, utf8);
    lw_buf_char(&out, '\0');
    return out.at;
}

static void the_least_is_the_lowest_and_the_greatest_the_highest_bar(void)
{
    const double values[] = {0, 1, 2, 3, 4, 5, 6, 7};

    CU_ASSERT_STRING_EQUAL(bars(values, 8, 80, true), "\xe2\x96\x81\xe2\x96\x82\xe2\x96\x83\xe2\x96\x84\xe2\x96\x85"
                                                      "\xe2\x96\x86\xe2\x96\x87\xe2\x96\x88");
    CU_ASSERT_STRING_EQUAL(bars(values, 8, 80, false), "__.--'\"\"");
}

static void unknown_values_leave_a_hole(void)
{
    const double values[] = {1, (double)NAN, 2};

    CU_ASSERT_STRING_EQUAL(bars(values, 3, 80, false), "_ \"");
}

static void equal_values_stand_in_the_middle(void)
{
    const double values[] = {5, 5, 5};

    CU_ASSERT_STRING_EQUAL(bars(values, 3, 80, false), "---");
}

static void more_values_than_columns_are_averaged(void)
{
    const double values[] = {0, 0, 4, 4, 8, 8};

    CU_ASSERT_STRING_EQUAL(bars(values, 6, 3, false), "_-\"");
    CU_ASSERT_EQUAL(lw_spark_column(0, 6, 3), 0);
    CU_ASSERT_EQUAL(lw_spark_column(5, 6, 3), 2);
    CU_ASSERT_EQUAL(lw_spark_column(5, 6, 80), 5);
}

KIT_SUITE("spark",
          {"the least is the lowest and the greatest the highest bar",
           the_least_is_the_lowest_and_the_greatest_the_highest_bar},
          {"unknown values leave a hole", unknown_values_leave_a_hole},
          {"equal values stand in the middle", equal_values_stand_in_the_middle},
          {"more values than columns are averaged", more_values_than_columns_are_averaged})
