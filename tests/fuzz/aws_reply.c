/* What AWS answers: credentials in XML and JSON, errors, dates, a saved mark. What is taken is whole; what is written of a
   mark reads back the same. The first byte chooses. */
#include "engine/source/aws/api.h"
#include "engine/source/aws/credentials/sts.h"
#include "engine/source/aws/mark.h"

#include <stdlib.h>

static void check_keys(const struct lw_keys *keys)
{
    if (keys->id[0] == '\0' || keys->secret[0] == '\0' || memchr(keys->token, '\0', sizeof(keys->token)) == NULL)
        abort();
}

static void check_mark(struct lw_str text)
{
    static struct lw_mark mark, again;
    struct lw_buf out = {.ceiling = 1 << 16};

    if (lw_mark_read(&mark, text, NULL) == LW_ERR_OK) {
        lw_mark_write(&mark, &out);
        if (out.error == LW_ERR_OK && (lw_mark_read(&again, lw_buf_view(&out), NULL) != LW_ERR_OK || again.n != mark.n))
            abort();
    }
    lw_buf_close(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_str text;
    struct lw_keys keys;
    struct lw_api_answer answer;
    char code[LW_STS_CODE];

    if (size == 0)
        return 0;
    text = (struct lw_str){(const char *)data + 1, size - 1};
    struct lw_http_header headers[] = {{LW_STR("date"), text}, {LW_STR("x-amzn-query-error"), text}};
    struct lw_http_reply reply = {
        .outcome = LW_HTTP_REPLIED, .status = 400, .body = text, .headers = headers, .headers_n = 2};

    switch (data[0] % 5) {
    case 0:
        if (lw_sts_read(&keys, text, NULL) == LW_ERR_OK)
            check_keys(&keys);
        lw_sts_code(text, code);
        break;
    case 1:
        if (lw_keys_read(&keys, text, NULL) == LW_ERR_OK)
            check_keys(&keys);
        break;
    case 2:
    case 3:
        lw_api_judge(&reply, data[0] % 5 == 2, &answer);
        if (answer.verdict == LW_API_GOOD || answer.code[0] == '\0')
            abort();
        break;
    default:
        check_mark(text);
    }
    return 0;
}
