#include "engine/report/events.h"

#include "engine/base/digest.h"
#include "engine/base/json/json_out.h"
#include "engine/report/event.h"

#include <stdio.h>
#include <string.h>

struct writer {
    struct lw_buf *out;
    struct lw_event_stamp stamp;
    char session[LW_DIGEST_ID]; /* the same for the same runs, whenever they are read */
};

/* Offline the time of an event is that of the evidence: the end of the run. */
static const struct lw_event_stamp *stamp_run(struct writer *writer, const struct lw_run *run)
{
    writer->stamp.has_at = run->has_end || run->has_start;
    writer->stamp.at = run->has_end ? run->end : run->start;
    writer->stamp.session = (struct lw_str){.len = 0};
    writer->stamp.seq++;
    return &writer->stamp;
}

static struct lw_str run_name(const struct lw_judged *model, uint32_t run)
{
    if (run >= model->runs_n)
        return (struct lw_str){.len = 0};
    return lw_run_str(model->runs[run].run, model->runs[run].run->name);
}

static void write_alert(struct writer *writer, const struct lw_judged *model, const struct lw_alert_event *event)
{
    const struct lw_alert *alert = &event->alert;
    const struct lw_event_alert told = {.origin = model->origin,
                                        .model = model->model,
                                        .opened = run_name(model, alert->opened_run),
                                        .change = run_name(model, alert->change_run),
                                        .alert = alert,
                                        .transition = event->transition};

    writer->stamp.has_at = alert->has_evidence;
    writer->stamp.at = alert->evidence;
    writer->stamp.session = lw_str_from(writer->session);
    writer->stamp.seq++;
    lw_event_alert(&writer->stamp, &told, writer->out);
    lw_buf_char(writer->out, '\n');
}

static void write_model(struct writer *writer, const struct lw_judged *model)
{
    for (size_t i = 0; i < model->runs_n; i++) {
        const struct lw_run *run = model->runs[i].run;

        lw_event_run(stamp_run(writer, run), model, &model->runs[i], writer->out);
        lw_buf_char(writer->out, '\n');
        for (uint32_t j = 0; j < run->metrics_n; j++) {
            lw_event_summary(stamp_run(writer, run), model, run, &lw_run_metrics(run)[j], writer->out);
            lw_buf_char(writer->out, '\n');
        }
    }
    for (size_t i = 0; i < model->events_n; i++)
        write_alert(writer, model, &model->events[i]);
}

/* Offline there is no process that lives on from one call to the next: a session is the set of runs that was judged. */
static bool name_session(struct writer *writer, const struct lw_report *report)
{
    char id[LW_DIGEST_ID] = "";

    for (size_t i = 0; i < report->models_n; i++) {
        const struct lw_judged *model = &report->models[i];

        for (size_t j = 0; j < model->runs_n; j++) {
            const struct lw_run *run = model->runs[j].run;
            char end[LW_NUMBER_TEXT];
            char before[LW_DIGEST_ID];
            struct lw_str parts[5];

            snprintf(end, sizeof(end), "%lld", run->has_end ? (long long)run->end.ms : -1LL);
            memcpy(before, id, sizeof(before));
            parts[0] = lw_str_from(before);
            parts[1] = model->origin;
            parts[2] = model->model;
            parts[3] = lw_run_str(run, run->name);
            parts[4] = lw_str_from(end);
            if (lw_digest_id(parts, 5, id, NULL) != LW_ERR_OK)
                return false;
        }
    }
    memcpy(writer->session, id, sizeof(id));
    return true;
}

void lw_events_write(const struct lw_report *report, struct lw_buf *out)
{
    struct writer writer = {.out = out, .stamp = {.revision = 1}};

    if (!name_session(&writer, report)) {
        out->error = LW_ERR_NOMEM;
        return;
    }
    for (size_t i = 0; i < report->models_n; i++)
        write_model(&writer, &report->models[i]);
}
