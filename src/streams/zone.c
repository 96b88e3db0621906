#include "streams/zone.h"

#include "sql.h"
#include "streams/stream.h"

/* Business days before the first one that local times may be asked for, and after the last. */
enum { ZONE_DAYS_BEFORE = 400, ZONE_DAYS_AFTER = 40 };

/* Days of a scope's own zone and business days are different windows: from one to the other there
 * is no way but --rezone, after which they are made anew. */
static bool judge_days(const struct zoning *z, struct err *e)
{
    const struct config *c = z->config;

    for (size_t i = 0; !z->rezone && i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];
        int64_t other = 0;

        if (s->own_days && !db_number(db_ask(z->ledger->db, e, sql_window_has_zone, S(s->name),
                                             I(stream_windows(s, c).grid == GRID_SCOPE_DAY)),
                                      &other)) {
            return false;
        }
        if (other) {
            return err_because(
                e, ERR_CONFIG, CAUSE_CONFIG_ZONE_CHANGED,
                "%s.%s = %s, but the days of %s in the database are others; write it as it was, "
                "or run `rollcall extract --rezone` once",
                s->setting->section, s->setting->name, config_word(c, s->setting), s->name);
        }
    }
    return true;
}

/* What windows have brought goes where rows belong to windows: readings that have seen nothing take
 * it away. */
static bool forget_rows(const struct zoning *z, const struct stream *s, const struct pass *pass,
                        const struct windows *days, struct err *e)
{
    struct loader *loader = load_new(z->ledger->db, stream_trees(s, pass), s->load, s->state, e);
    struct load_counts ignored = {0};
    bool done = loader != NULL;

    for (size_t i = 0; done && i < days->count; i++) {
        const struct window *w = &days->list[i];
        const struct load_page page = {
            .window_id = w->window_id,
            .facts = {.start_ms = w->span.start_ms, .end_ms = w->span.end_ms, .scope = w->scope},
            .run_id = z->ledger->run_id,
        };

        done = w->span.start_ms == TIME_NONE ||
               (load_begin(loader, w->window_id, e) && load_end(loader, &page, &ignored, e));
    }
    load_free(loader);
    return done;
}

/* Business days of a zone that is no longer the run's: those that can be asked for are no windows
 * any more, and what belongs to them alone goes; *count: how many, added. */
static bool forget_days(const struct zoning *z, const struct stream *s, int64_t from_ms,
                        int64_t *count, struct err *e)
{
    struct window_kind kind = stream_windows(s, z->config);
    struct windows days = {.arena = z->arena, .range = {.from_ms = from_ms, .order = ORDER_OLDEST}};

    if (kind.grid != GRID_BUSINESS_DAY) {
        return true;
    }
    bool done = window_list(z->ledger, &kind, 0, NULL, &days, e);
    for (size_t p = 0; done && s->load == LOAD_WINDOW && p < s->pass_count; p++) {
        done = forget_rows(z, s, &s->passes[p], &days, e);
    }
    done = done && db_do(z->ledger->db, e, sql_window_drop, S(s->name), T(from_ms));
    *count += done ? db_changes(z->ledger->db) : 0;
    return done;
}

bool zone_set(const struct zoning *z, struct err *e)
{
    const struct config *c = z->config;
    struct db *d = z->ledger->db;
    struct redated redated = {.arena = z->rezone ? z->arena : NULL, .now_ms = z->now_ms};
    int64_t owed = 0;
    int64_t start_ms =
        c->start_day == INT32_MIN ? z->now_ms : clock_zone_day_start_ms(c->start_day);
    int64_t from_ms =
        clock_earlier(clock_earlier(start_ms, z->until_ms), clock_earlier(z->from_ms, z->now_ms));
    int64_t to_ms = clock_later(z->until_ms, z->now_ms);
    bool done =
        db_begin(d, e) && ledger_zone(d, c->timezone, from_ms - ZONE_DAYS_BEFORE * MS_PER_DAY,
                                      to_ms + ZONE_DAYS_AFTER * MS_PER_DAY, &redated, e);

    if (done && redated.was) {
        for (size_t i = 0; done && i < stream_registry_count; i++) {
            done = forget_days(z, stream_registry[i], from_ms, &owed, e);
        }
        done = done && db_exec(d, sql_reconcile_forget, e);
        LOG(LOG_WARN, "dating anew", LOG_S("zone", c->timezone), LOG_S("was", redated.was),
            LOG_S("from", redated.first), LOG_S("to", redated.last), LOG_N("windows_owed", owed));
    } else if (!done && e->kind == ERR_CONFIG) {
        (void)config_blame(c, KEY_TIMEZONE, e);
    }
    return db_finish(d, done, e) && judge_days(z, e);
}
