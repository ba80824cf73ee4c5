#include "engine/flow/service/findings.h"

#include "engine/base/json/json_out.h"
#include "engine/report/page/safe.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[] = {
    [LW_FINDING_GOOD] = "ok",
    [LW_FINDING_WARN] = "warn",
    [LW_FINDING_FAIL] = "fail",
};

static void write_json(struct lw_findings *findings, enum lw_finding_level level, const char *what, const char *text,
                       const char *fix)
{
    struct lw_json_out out = {.buf = &findings->text};

    lw_json_object(&out);
    lw_json_key(&out, "level");
    lw_json_text(&out, names[level]);
    lw_json_key(&out, "what");
    lw_json_text(&out, what);
    lw_json_key(&out, "found");
    lw_json_text(&out, text);
    if (fix[0] != '\0') {
        lw_json_key(&out, "fix");
        lw_json_text(&out, fix);
    }
    lw_json_object_end(&out);
    lw_buf_char(&findings->text, '\n');
}

static void write_text(struct lw_findings *findings, enum lw_finding_level level, const char *what, const char *text,
                       const char *fix)
{
    struct lw_buf *out = &findings->text;
    size_t at;

    lw_buf_format(out, "%-4s  ", names[level]);
    at = 6 + lw_safe_write(out, lw_str_from(what), 40, findings->utf8);
    lw_buf_text(out, ": ");
    lw_safe_wrap(out, lw_str_from(text), at + 2, 6, findings->columns, findings->utf8);
    if (fix[0] == '\0')
        return;
    lw_buf_text(out, "      -> ");
    lw_safe_wrap(out, lw_str_from(fix), 9, 9, findings->columns, findings->utf8);
}

void lw_findings_add(struct lw_findings *findings, enum lw_finding_level level, const char *what, const char *fix,
                     const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    findings->counts[level]++;
    if (findings->json)
        write_json(findings, level, what, text, fix);
    else
        write_text(findings, level, what, text, fix);
}
