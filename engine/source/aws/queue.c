#include "engine/source/aws/queue.h"

#include "engine/base/fault.h"

#include <stdlib.h>

struct lw_queue_entry {
    struct lw_queue_entry *next;
    struct lw_source_part part;
    void *job;
    lw_time modified;
    size_t size;
    char text[];
};

static struct lw_str put(char **room, struct lw_str text)
{
    struct lw_str kept = {*room, text.len};

    if (text.len > 0)
        memcpy(*room, text.at, text.len);
    (*room)[text.len] = '\0';
    *room += text.len + 1;
    return kept;
}

enum lw_err lw_queue_add(struct lw_queue *queue, const struct lw_source_part *part, void *job, lw_time modified,
                         struct lw_fault *fault)
{
    size_t size = part->bytes.len + part->label.len + part->origin.len + part->run.len + part->metric.len + 5;
    struct lw_queue_entry *entry = malloc(sizeof(*entry) + size);
    char *room;

    if (entry == NULL)
        return lw_fault_memory(fault, "what was read of AWS");
    room = entry->text;
    *entry = (struct lw_queue_entry){.part = *part, .job = job, .modified = modified, .size = part->bytes.len};
    entry->part.bytes = put(&room, part->bytes);
    entry->part.label = put(&room, part->label);
    entry->part.origin = put(&room, part->origin);
    entry->part.run = put(&room, part->run);
    entry->part.metric = put(&room, part->metric);
    if (queue->last != NULL)
        queue->last->next = entry;
    else
        queue->first = entry;
    queue->last = entry;
    queue->bytes += entry->size;
    return LW_ERR_OK;
}

void lw_queue_cut(struct lw_queue *queue, void (*ended)(void *self, void *job, lw_time modified), void *self)
{
    size_t bytes = 0;

    queue->parts_n = 0;
    for (struct lw_queue_entry *entry = queue->first; entry != NULL; entry = entry->next) {
        bytes += entry->size;
        if (queue->parts_n == LW_QUEUE_PARTS_MAX || (queue->parts_n > 0 && bytes > LW_SOURCE_BATCH_MAX))
            break;
        queue->parts[queue->parts_n++] = entry->part;
        if (entry->job != NULL)
            ended(self, entry->job, entry->modified);
    }
}

static void drop_first(struct lw_queue *queue)
{
    struct lw_queue_entry *entry = queue->first;

    queue->first = entry->next;
    if (queue->first == NULL)
        queue->last = NULL;
    queue->bytes -= entry->size;
    free(entry);
}

void lw_queue_release(struct lw_queue *queue)
{
    for (; queue->parts_n > 0; queue->parts_n--)
        drop_first(queue);
}

void lw_queue_close(struct lw_queue *queue)
{
    while (queue->first != NULL)
        drop_first(queue);
    queue->parts_n = 0;
}
