#include "tests/kit/kit.h"

#include "engine/base/fault.h"

#include <string.h>

static void sets_code_place_and_text(void)
{
    struct lw_fault fault;

    CU_ASSERT_EQUAL(lw_fault_set(&fault, LW_ERR_IO, "cannot open %s: %d", "a.json", 7), LW_ERR_IO);
    CU_ASSERT_EQUAL(fault.code, LW_ERR_IO);
    CU_ASSERT_EQUAL(fault.line, 0);
    CU_ASSERT_EQUAL(fault.byte, 0);
    CU_ASSERT_STRING_EQUAL(fault.text, "cannot open a.json: 7");
    CU_ASSERT_EQUAL(lw_fault_set_at(&fault, LW_ERR_FORMAT, 12, 345, "bad"), LW_ERR_FORMAT);
    CU_ASSERT_EQUAL(fault.line, 12);
    CU_ASSERT_EQUAL(fault.byte, 345);
}

static void takes_no_fault_at_all(void)
{
    CU_ASSERT_EQUAL(lw_fault_set(NULL, LW_ERR_RANGE, "unheard"), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_fault_memory(NULL, "anything"), LW_ERR_NOMEM);
}

static void makes_control_characters_harmless(void)
{
    struct lw_fault fault;

    lw_fault_set(&fault, LW_ERR_IO, "a\x1b[31mb\nc\x7f%s",
                 "\xc2\x9b"
                 "d \xc3\xa9");
    CU_ASSERT_STRING_EQUAL(fault.text, "a?[31mb?c???d \xc3\xa9");
}

static void cuts_long_texts_between_characters(void)
{
    char text[400];
    struct lw_fault fault;

    for (size_t shift = 0; shift < 4; shift++) {
        size_t n = shift;

        memset(text, 'x', shift);
        for (; n < 390; n += 4)
            memcpy(text + n, "\xf0\x9f\x98\x80", 4);
        text[n] = '\0';
        lw_fault_set(&fault, LW_ERR_IO, "%s", text);
        CU_ASSERT(strlen(fault.text) > 250);
        CU_ASSERT_EQUAL((strlen(fault.text) - shift) % 4, 0);
    }
}

static void memory_faults_say_what_for(void)
{
    struct lw_fault fault;

    CU_ASSERT_EQUAL(lw_fault_memory(&fault, "the table of names"), LW_ERR_NOMEM);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "the table of names"));
}

KIT_SUITE("fault", {"a fault carries code, place and text", sets_code_place_and_text},
          {"a missing fault is legal", takes_no_fault_at_all},
          {"control characters are replaced", makes_control_characters_harmless},
          {"a long text is cut between characters", cuts_long_texts_between_characters},
          {"a memory fault says what the memory was for", memory_faults_say_what_for})
