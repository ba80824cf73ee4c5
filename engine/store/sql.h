/* Every statement that the store runs more than once, with the name it is kept under. The tables: schema.c. */
#ifndef LEEWAY_ENGINE_STORE_SQL_H
#define LEEWAY_ENGINE_STORE_SQL_H

/* clang-format off */
#define LW_SQL_LIST(X)                                                                                                 \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                                        \
    X(COMMIT, "COMMIT")                                                                                                \
    X(STORE_GET, "SELECT session, turn, copied FROM store")                                                            \
    X(STORE_TURN, "UPDATE store SET turn = ?1")                                                                        \
    X(STORE_SESSION, "UPDATE store SET session = ?1, copied = 0")                                                      \
    X(TEXT_PUT, "INSERT INTO texts(kind, name, text, digest) VALUES(?1, ?2, ?3, ?4) "                                  \
                "ON CONFLICT(kind, name) DO UPDATE SET text = ?3, digest = ?4")                                        \
    X(TEXT_REMOVE, "DELETE FROM texts WHERE kind = ?1 AND name = ?2")                                                  \
    X(TEXT_GET, "SELECT name, text, digest FROM texts WHERE kind = ?1 AND name = ?2")                                  \
    X(TEXT_EACH, "SELECT name, text, digest FROM texts WHERE kind = ?1 ORDER BY name")                                 \
    X(UNIT_PUT, "INSERT INTO units(key, source, open, pruned, changed, digest, bytes) "                                \
                "VALUES(?1, ?2, ?3, 0, ?4, ?5, ?6) ON CONFLICT(key) DO UPDATE SET source = ?2, open = ?3, pruned = 0, "\
                "changed = ?4, digest = ?5, bytes = ?6")                                                               \
    X(UNIT_REMOVE, "DELETE FROM units WHERE key = ?1")                                                                 \
    X(UNIT_GET, "SELECT key, source, pruned, digest, bytes FROM units WHERE key = ?1")                                 \
    X(UNITS_OPEN, "SELECT key, source, pruned, digest, bytes FROM units WHERE open = 1 ORDER BY key")                  \
    X(UNITS_PRUNE, "UPDATE units SET pruned = 1, bytes = x'', digest = ?3 WHERE id IN (SELECT id FROM units "          \
                   "WHERE open = 0 AND pruned = 0 AND changed < ?1 ORDER BY changed LIMIT ?2)")                        \
    X(UNITS_FORGET, "DELETE FROM units WHERE id IN (SELECT id FROM units WHERE pruned = 1 AND changed < ?1 "           \
                    "AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.unit = units.key) LIMIT ?2)")                       \
    X(MODEL_ID, "SELECT id FROM models WHERE origin = ?1 AND model = ?2")                                              \
    X(MODEL_NEW, "INSERT INTO models(origin, model, verdict, told, digest) "                                           \
                 "VALUES(?1, ?2, 'insufficient_data', x'', ?3)")                                                       \
    X(MODEL_TOUCH, "UPDATE models SET dirty = 1 WHERE id = ?1")                                                        \
    X(MODEL_COUNT, "UPDATE models SET runs = (SELECT count(*) FROM runs WHERE model = ?1), last_end = (SELECT ended "  \
                   "FROM runs WHERE model = ?1 ORDER BY place DESC, name DESC LIMIT 1), last_run = coalesce((SELECT "  \
                   "name FROM runs WHERE model = ?1 ORDER BY place DESC, name DESC LIMIT 1), '') WHERE id = ?1")       \
    X(MODEL_NAMES, "SELECT origin, model FROM models WHERE id = ?1")                                                   \
    X(MODEL_GET, "SELECT origin, model, last_run, runs, last_end, verdict, judged_until, deadline, dirty, told, "      \
                 "digest FROM models WHERE origin = ?1 AND model = ?2")                                                \
    X(MODEL_EACH, "SELECT origin, model, last_run, runs, last_end, verdict, judged_until, deadline, dirty, told, "     \
                  "digest FROM models ORDER BY origin, model")                                                         \
    X(MODEL_JUDGED, "UPDATE models SET verdict = ?2, judged_until = ?3, deadline = ?4, told = ?5, digest = ?6, "       \
                    "dirty = 0 WHERE id = ?1")                                                                         \
    X(MODEL_AFTER, "SELECT m.id, m.runs, (SELECT place FROM runs WHERE model = m.id ORDER BY place, name LIMIT 1) "    \
                   "FROM models AS m WHERE m.id > ?1 ORDER BY m.id LIMIT ?2")                                          \
    X(RUNS_OF_UNIT, "SELECT id, model, digest FROM runs WHERE unit = ?1")                                              \
    X(RUN_PUT, "INSERT INTO runs(model, name, unit, place, started, ended, duration_s, outcome, instance, "            \
               "failure, stored, digest) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")                   \
    X(RECORD_PUT, "INSERT INTO records(run, bytes) VALUES(?1, ?2)")                                                    \
    X(SUMMARY_PUT, "INSERT INTO summaries(run, metric, count, first, last, min, max, mean, best, stddev, median) "     \
                   "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")                                             \
    X(RUN_REMOVE, "DELETE FROM runs WHERE id = ?1")                                                                    \
    X(RECORD_REMOVE, "DELETE FROM records WHERE run = ?1")                                                             \
    X(SUMMARIES_REMOVE, "DELETE FROM summaries WHERE run = ?1")                                                        \
    X(FINDINGS_REMOVE, "DELETE FROM findings WHERE run = ?1")                                                          \
    X(RUNS_COUNT, "SELECT count(*) FROM runs WHERE model = ?1")                                                        \
    X(RUNS_GET, "SELECT r.name, r.digest, b.bytes FROM runs AS r JOIN records AS b ON b.run = r.id "                   \
                "WHERE r.model = ?1 ORDER BY r.place, r.name, r.id")                                                   \
    X(RUNS_JUDGED, "SELECT id, place, name, judged FROM runs WHERE model = ?1 ORDER BY place, name, id")               \
    X(RUN_JUDGED, "UPDATE runs SET judged = ?2, verdict = ?3, outcome = ?4, gap_s = ?5, cost = ?6 WHERE id = ?1")      \
    X(RUNS_OLDEST, "SELECT id FROM runs WHERE model = ?1 AND place < ?2 ORDER BY place, name LIMIT ?3")                \
    X(FINDING_PUT, "INSERT INTO findings(run, detector, series, verdict, direction, statistic, threshold, p_value, "   \
                   "effect, message) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")                                 \
    X(ALERT_PUT, "INSERT INTO alerts(id, model, state, severity, impact, kind, direction, series, opened_run, "        \
                 "change_run, resolved_run, before, after, evidence, place, rule, message, reason, revision, digest) " \
                 "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20) "  \
                 "ON CONFLICT(id) DO UPDATE SET model = ?2, state = ?3, severity = ?4, impact = ?5, kind = ?6, "       \
                 "direction = ?7, series = ?8, opened_run = ?9, change_run = ?10, resolved_run = ?11, before = ?12, "  \
                 "after = ?13, evidence = ?14, place = ?15, rule = ?16, message = ?17, reason = ?18, revision = ?19, " \
                 "digest = ?20 WHERE digest <> ?20")                                                                   \
    X(ALERT_IDS, "SELECT id, place FROM alerts WHERE model = ?1 AND state <> 'retracted'")                             \
    X(ALERT_RETRACT, "UPDATE alerts SET state = 'retracted', digest = 0 WHERE id = ?1")                                \
    X(SINK_EACH, "SELECT id, name, next_seq FROM sinks ORDER BY id")                                                   \
    X(SINK_NEW, "INSERT INTO sinks(id, name, next_seq) VALUES(?1, ?2, 1)")                                             \
    X(SINK_SEQ, "UPDATE sinks SET next_seq = ?2 WHERE id = ?1")                                                        \
    X(OUTBOX_PUT, "INSERT INTO outbox(id, sink, lane, kind, events, bytes, first_seq, stored, digest, body) "          \
                  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")                                                   \
    X(OUTBOX_LANES, "SELECT sink, lane, count(*), sum(events), sum(bytes), min(id) FROM outbox INDEXED BY "            \
                    "outbox_lane GROUP BY sink, lane")                                                                 \
    X(OUTBOX_LAST, "SELECT coalesce(max(id), 0) FROM outbox")                                                          \
    X(OUTBOX_OLDEST, "SELECT id, events, bytes, stored FROM outbox INDEXED BY outbox_lane WHERE sink = ?1 AND "        \
                     "lane = ?2 ORDER BY id LIMIT 1")                                                                  \
    X(OUTBOX_SEQ, "SELECT first_seq FROM outbox WHERE id = ?1")                                                        \
    X(OUTBOX_SIZE, "SELECT lane, events, bytes FROM outbox WHERE id = ?1 AND sink = ?2")                               \
    X(OUTBOX_READ, "SELECT id, kind, events, first_seq, stored, digest, body FROM outbox INDEXED BY outbox_lane WHERE " \
                   "sink = ?1 AND lane = ?2 AND id > ?3 AND id < ?4 ORDER BY id LIMIT ?5")                             \
    X(OUTBOX_BODY, "SELECT body, stored FROM outbox WHERE id = ?1 AND sink = ?2")                                      \
    X(OUTBOX_REMOVE, "DELETE FROM outbox WHERE id = ?1")                                                               \
    X(DEAD_PUT, "INSERT OR IGNORE INTO dead(sink, stored, reason, digest, body) VALUES(?1, ?2, ?3, ?4, ?5)")           \
    X(DEAD_EACH, "SELECT sink, stored, reason, body FROM dead ORDER BY id")                                            \
    X(DEAD_PRUNE, "DELETE FROM dead WHERE id <= (SELECT max(id) FROM dead) - ?1")                                      \
    X(LOSS_MERGE, "UPDATE losses SET count = count + ?4, bytes = bytes + ?5, "                                         \
                  "first_seq = CASE WHEN first_seq = 0 THEN ?6 WHEN ?6 = 0 THEN first_seq ELSE min(first_seq, ?6) "    \
                  "END, last_seq = max(last_seq, ?7), first = min(first, ?8), last = max(last, ?9) "                   \
                  "WHERE sink = ?1 AND class = ?2 AND reason = ?3 AND told = 0")                                       \
    X(LOSS_PUT, "INSERT INTO losses(sink, class, reason, count, bytes, first_seq, last_seq, first, last, told) "       \
                "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0)")                                                       \
    X(LOSS_UNTOLD, "SELECT sink, class, reason, count, bytes, first_seq, last_seq, first, last FROM losses "           \
                   "WHERE told = 0 AND id <= ?1 ORDER BY id")                                                          \
    X(LOSS_LAST, "SELECT coalesce(max(id), 0) FROM losses WHERE told = 0")                                             \
    X(LOSS_TOLD, "UPDATE losses SET told = 1 WHERE told = 0 AND id <= ?1")                                             \
    X(LOSS_PRUNE, "DELETE FROM losses WHERE id IN (SELECT id FROM losses WHERE told = 1 AND last < ?1 LIMIT ?2)")      \
    X(GAUGES, "SELECT (SELECT count(*) FROM alerts WHERE state = 'open'), "                                            \
              "(SELECT coalesce(sum(count), 0) FROM losses)")                                                          \
    X(INFO, "SELECT (SELECT count(*) FROM units), (SELECT count(*) FROM units WHERE open = 1), "                       \
            "(SELECT count(*) FROM models), (SELECT count(*) FROM runs), "                                             \
            "(SELECT count(*) FROM alerts WHERE state = 'open'), (SELECT count(*) FROM outbox), "                      \
            "(SELECT coalesce(sum(bytes), 0) FROM outbox INDEXED BY outbox_lane), (SELECT count(*) FROM dead), "       \
            "(SELECT coalesce(sum(count), 0) FROM losses)")
/* clang-format on */

enum lw_sql {
#define LW_SQL_ENUM(name, text) LW_SQL_##name,
    LW_SQL_LIST(LW_SQL_ENUM)
#undef LW_SQL_ENUM
        LW_SQL_COUNT
};

#endif
