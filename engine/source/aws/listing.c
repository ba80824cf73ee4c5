#include "engine/source/aws/listing.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_in.h"
#include "engine/base/json/json_out.h"

#include <stdio.h>

#define OPERATION "ListTrainingJobs"
#define OVERLAP   (5 * LW_MINUTE) /* lists may lag behind; what comes again is recognised */
#define STRETCH   (7 * LW_DAY)
#define SHORTEST  (1 * LW_HOUR)
#define PAGE      100
#define WAITING   (LW_JOBS_MAX / 2) /* jobs in the table; beyond that what is there is read first */

void lw_listing_begin(struct lw_listing *listing, bool restarted)
{
    listing->running = restarted;
    listing->stretch.ms = STRETCH;
    listing->next.ms = INT64_MIN;
}

/* The past is listed in stretches, so that the mark moves on in it; the last one has no end. */
static void open_stretch(struct lw_listing *listing, lw_time now)
{
    listing->open = true;
    listing->crowded = false;
    listing->from.ms = listing->high.ms - OVERLAP;
    listing->newest = listing->high;
    listing->until.ms = listing->high.ms + listing->stretch.ms;
    listing->last = listing->until.ms >= now.ms - LW_HOUR;
    listing->token[0] = '\0';
}

static void put_time(struct lw_json_out *out, const char *key, lw_time time)
{
    lw_json_key(out, key);
    lw_json_number(out, (double)time.ms / 1000.0);
}

static void put_body(const struct lw_listing *listing, struct lw_json_out *out)
{
    lw_json_object(out);
    lw_json_key(out, "MaxResults");
    lw_json_int(out, PAGE);
    if (listing->running) {
        lw_json_key(out, "StatusEquals");
        lw_json_text(out, "InProgress");
    } else {
        lw_json_key(out, "SortBy");
        lw_json_text(out, "CreationTime");
        lw_json_key(out, "SortOrder");
        lw_json_text(out, "Ascending");
        put_time(out, "LastModifiedTimeAfter", listing->from);
        if (!listing->last)
            put_time(out, "LastModifiedTimeBefore", listing->until);
    }
    if (listing->token[0] != '\0') {
        lw_json_key(out, "NextToken");
        lw_json_text(out, listing->token);
    }
    lw_json_object_end(out);
}

static void wait_for(struct lw_listing *listing, lw_span wait)
{
    const struct lw_world *world = listing->account->calls.world;

    listing->next.ms = world->ticks(world->self).ms + wait.ms;
}

/* A stretch is complete: the next one at once, or a look after a while. */
static void end_stretch(struct lw_listing *listing)
{
    listing->open = false;
    listing->attempts = 0;
    if (listing->running) {
        listing->running = false;
        return;
    }
    if (!listing->last) {
        listing->high = listing->until;
        return;
    }
    listing->high = listing->newest;
    listing->caught_up = true;
    lw_jobs_sweep(listing->jobs, listing->index, (lw_time){listing->high.ms - OVERLAP - LW_MINUTE});
    wait_for(listing, listing->poll);
}

/* More jobs in a stretch than the table holds: a shorter one, once some of them are done. */
static void shorten(struct lw_listing *listing)
{
    listing->open = false;
    if (listing->stretch.ms / 2 >= SHORTEST)
        listing->stretch.ms /= 2;
    wait_for(listing, (lw_span){LW_SECOND});
}

/* false: memory. A job that was seen in this state is passed over. */
static bool take(struct lw_listing *listing, const struct lw_json_in *in, const struct lw_json_node *node, bool *good)
{
    struct lw_str name = lw_json_in_str(in, node, "TrainingJobName");
    struct lw_job *job = lw_jobs_find(listing->jobs, listing->index, name);
    lw_time modified, created;
    enum lw_err err = LW_ERR_OK;

    *good = name.len > 0 && lw_json_in_time(in, node, "CreationTime", &created);
    if (!*good)
        return true;
    if (!lw_json_in_time(in, node, "LastModifiedTime", &modified))
        modified = created;
    if (job == NULL) {
        err = lw_jobs_add(listing->jobs, listing->index, name, &job, NULL);
        if (err == LW_ERR_LIMIT)
            listing->crowded = true;
        if (err != LW_ERR_OK) {
            *good = err != LW_ERR_FORMAT;
            return err != LW_ERR_NOMEM;
        }
        job->started = created;
        job->modified = modified;
    }
    if (modified.ms > job->modified.ms) {
        job->modified = modified;
        job->settled = false;
    }
    if (modified.ms > listing->newest.ms)
        listing->newest = modified;
    return true;
}

static bool read_page(struct lw_listing *listing, struct lw_str body, bool *good)
{
    struct lw_arena arena = {.ceiling = (size_t)96 << 20};
    struct lw_json_in in;
    const struct lw_json_node *list = NULL;
    struct lw_str token = {0};
    enum lw_err err = lw_json_in_read(&in, body, &arena, NULL);
    bool kept = err != LW_ERR_NOMEM;

    *good = err == LW_ERR_OK;
    if (*good) {
        list = lw_json_in_member(&in, in.nodes, "TrainingJobSummaries");
        *good = list != NULL && list->kind == LW_TOKEN_ARRAY;
    }
    for (const struct lw_json_node *node = *good ? lw_json_in_first(&in, list) : NULL; kept && *good && node != NULL;
         node = lw_json_in_next(&in, list, node))
        kept = take(listing, &in, node, good);
    if (kept && *good) {
        token = lw_json_in_str(&in, in.nodes, "NextToken");
        *good = token.len < sizeof(listing->token);
    }
    if (kept && *good) {
        listing->attempts = 0;
        if (token.len > 0)
            memcpy(listing->token, token.at, token.len);
        listing->token[token.len] = '\0';
        if (listing->crowded)
            shorten(listing);
        else if (token.len == 0)
            end_stretch(listing);
    }
    lw_arena_close(&arena);
    return kept;
}

static void on_reply(void *context, const struct lw_http_reply *reply)
{
    struct lw_listing *listing = context;
    struct lw_str region = lw_str_from(listing->region);
    lw_span wait;
    bool good = false;
    enum lw_api_verdict verdict =
        lw_account_answer(listing->account, LW_ACCOUNT_SAGEMAKER, OPERATION, region, reply, listing->attempts, &wait);

    listing->asked = false;
    if (verdict == LW_API_GOOD) {
        if (!read_page(listing, reply->body, &good))
            listing->account->nomem = true;
        else if (!good)
            wait_for(listing, lw_account_puzzled(listing->account, OPERATION, region, listing->attempts++));
        return;
    }
    listing->attempts++;
    /* A token may have grown too old: from the first page then. */
    if (verdict == LW_API_BAD || verdict == LW_API_MISSING)
        listing->open = false;
    wait_for(listing, wait);
}

enum lw_err lw_listing_work(struct lw_listing *listing, lw_time now, lw_span ticks, lw_span *next,
                            struct lw_fault *fault)
{
    struct lw_json_out out = {.buf = &listing->body};
    struct lw_account_ask ask = {
        .service = LW_ACCOUNT_SAGEMAKER, .region = lw_str_from(listing->region), .operation = OPERATION};
    enum lw_err err;

    if (listing->asked)
        return LW_ERR_OK;
    if (ticks.ms < listing->next.ms) {
        if (listing->next.ms < next->ms)
            *next = listing->next;
        return LW_ERR_OK;
    }
    if ((!listing->open && listing->jobs->n > WAITING) ||
        !lw_account_free(listing->account, LW_ACCOUNT_SAGEMAKER, now, ticks, next))
        return LW_ERR_OK;
    if (!listing->open)
        open_stretch(listing, (lw_time){now.ms + listing->account->skew.ms});
    listing->body.ceiling = (size_t)7 * LW_LISTING_TOKEN;
    lw_buf_clear(&listing->body);
    put_body(listing, &out);
    ask.body = lw_buf_view(&listing->body);
    err = listing->body.error != LW_ERR_OK
              ? lw_fault_memory(fault, "a request to AWS")
              : lw_account_start(listing->account, &ask, now, ticks, on_reply, listing, &listing->request, fault);
    listing->asked = err == LW_ERR_OK;
    if (err == LW_ERR_OK || err == LW_ERR_NOMEM)
        return err;
    snprintf(listing->account->health.trouble, sizeof(listing->account->health.trouble), "%.199s", fault->text);
    wait_for(listing, (lw_span){LW_MINUTE});
    return LW_ERR_OK;
}

void lw_listing_close(struct lw_listing *listing)
{
    if (listing->asked)
        lw_account_cancel(listing->account, listing->request);
    lw_buf_close(&listing->body);
}
