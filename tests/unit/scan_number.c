#include "tests/kit/kit.h"

#include "engine/base/scan.h"

static void reads_hard_cases(void)
{
    static const struct {
        const char *text;
        double want; /* a literal that is exact in C's hexadecimal form */
    } cases[] = {
        {"0", 0.0},
        {"1e23", 0x1.52d02c7e14af6p+76},
        {"8.98846567431158e307", 0x1.0000000000000p+1023},
        {"5e-324", 0x0.0000000000001p-1022},
        {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
        {"2.2250738585072014e-308", 0x1p-1022},
        {"1.7976931348623157e308", 0x1.fffffffffffffp+1023},
        {"9007199254740993", 0x1p+53},
        {"9007199254740993.00000000000000000000000000000000000000000000000001", 0x1.0000000000001p+53},
        {"0.500000000000000166533453693773481063544750213623046875", 0x1.0000000000002p-1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double got = -1.0;

        CU_ASSERT(lw_scan_number(lw_str_from(cases[i].text), &got));
        CU_ASSERT_EQUAL(got, cases[i].want);
    }
}

KIT_SUITE("scan_number", {"hard cases are correctly rounded", reads_hard_cases})
