#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "etl/ledger_internal.h"

bool ledger_note(struct ledger *l, const struct ledger_note *n, struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, n->problem ? SQL_DATA_PROBLEM : SQL_UNKNOWN_FIELD);
    call_text(&c, n->stream);
    call_text(&c, n->path);
    call_time(&c, clock_now_ms());
    call_int(&c, n->count);
    if (n->problem) {
        call_text(&c, n->problem);
        call_text(&c, n->example);
    }
    return call_run(&c, e);
}

/* A row of zone_offset: a business day, or the part of it that has one offset. */
struct zone_row {
    int64_t from_ms;
    int64_t to_ms;
    int32_t offset_seconds;
    int32_t day;
};

struct zone_rows {
    struct zone_row *rows; /* by from_ms */
    size_t count;
    size_t capacity;
    bool foreign; /* of a stored set: a row is malformed or of another zone */
};

static void add_zone_row(struct zone_rows *rows, struct zone_row row)
{
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity > 0 ? rows->capacity * 2 : 256;
        rows->rows = xrealloc(rows->rows, rows->capacity * sizeof(row));
    }
    rows->rows[rows->count++] = row;
}

static bool read_stored_zone(struct ledger *l, const char *zone, struct zone_rows *stored,
                             struct err *e)
{
    struct ledger_call c;
    bool row = false;
    bool read = false;

    call_begin(&c, l, SQL_ZONE_ROWS);
    while ((read = call_step(&c, &row, e)) && row) {
        struct zone_row r = {
            .from_ms = call_read_time(&c, 0),
            .to_ms = call_read_time(&c, 1),
            .offset_seconds = (int32_t)db_int(c.statement, 2),
        };
        bool sound = r.from_ms != TIME_NONE && r.to_ms != TIME_NONE &&
                     clock_parse_day(db_text(c.statement, 3), &r.day) &&
                     str_eq(db_text(c.statement, 4), zone);

        if (sound) {
            add_zone_row(stored, r);
        } else {
            stored->foreign = true;
        }
    }
    call_end(&c);
    return read;
}

/* The rows of the business days from that of `from_ms` to that of `to_ms`, both whole. */
static void compute_zone(int64_t from_ms, int64_t to_ms, struct zone_rows *out)
{
    int32_t last = clock_zone_day(to_ms);
    int32_t day = clock_zone_day(from_ms);
    int64_t start_ms = clock_zone_day_start_ms(day);

    for (; day <= last; day++) {
        int64_t end_ms = clock_zone_day_start_ms(day + 1);

        while (start_ms < end_ms) {
            int64_t next_ms = clock_next_transition_ms(start_ms, end_ms);

            add_zone_row(out, (struct zone_row){
                                  .from_ms = start_ms,
                                  .to_ms = next_ms,
                                  .offset_seconds = clock_zone_offset_seconds(start_ms),
                                  .day = day,
                              });
            start_ms = next_ms;
        }
    }
}

static bool same_zone_row(const struct zone_row *a, const struct zone_row *b)
{
    return a->from_ms == b->from_ms && a->to_ms == b->to_ms &&
           a->offset_seconds == b->offset_seconds && a->day == b->day;
}

/* True when all of `stored` is an unbroken part of `wanted`, beginning at *at. */
static bool is_part(const struct zone_rows *stored, const struct zone_rows *wanted, size_t *at)
{
    *at = 0;
    if (stored->foreign) {
        return false;
    }
    if (stored->count == 0) {
        return true;
    }
    while (*at < wanted->count && wanted->rows[*at].from_ms < stored->rows[0].from_ms) {
        *at += 1;
    }
    if (stored->count > wanted->count - *at) {
        return false;
    }
    for (size_t i = 0; i < stored->count; i++) {
        if (!same_zone_row(&stored->rows[i], &wanted->rows[*at + i])) {
            return false;
        }
    }
    return true;
}

static bool write_zone_row(struct ledger *l, const char *zone, const struct zone_row *row,
                           struct err *e)
{
    struct ledger_call c;
    char day[CLOCK_DAY_BYTES];

    call_begin(&c, l, SQL_ZONE_ADD);
    call_time(&c, row->from_ms);
    call_time(&c, row->to_ms);
    call_int(&c, row->offset_seconds);
    call_text(&c, clock_format_day(row->day, day));
    call_text(&c, zone);
    return call_run(&c, e);
}

/* What is stored against what is to be. */
struct zone_state {
    struct zone_rows stored;
    struct zone_rows wanted;
    bool part;      /* all that is stored is an unbroken part of `wanted`: */
    size_t have[2]; /* these rows of it, the second exclusive */
};

static bool read_zone_state(struct ledger *l, const char *zone, const int64_t bounds_ms[2],
                            struct zone_state *z, struct err *e)
{
    int64_t from_ms = bounds_ms[0];
    int64_t to_ms = bounds_ms[1];

    *z = (struct zone_state){.part = false};
    if (!read_stored_zone(l, zone, &z->stored, e)) {
        return false;
    }
    /* What was there stays covered, so that rows read long ago keep their local times. */
    if (z->stored.count > 0) {
        const struct zone_row *last = &z->stored.rows[z->stored.count - 1];
        from_ms = z->stored.rows[0].from_ms < from_ms ? z->stored.rows[0].from_ms : from_ms;
        to_ms = last->to_ms > to_ms ? last->to_ms - 1 : to_ms;
    }
    compute_zone(from_ms, to_ms, &z->wanted);
    z->part = is_part(&z->stored, &z->wanted, &z->have[0]);
    z->have[1] = z->have[0] + z->stored.count;
    return true;
}

static bool zone_is_stored(const struct zone_state *z)
{
    return z->part && z->stored.count == z->wanted.count;
}

static void free_zone_state(struct zone_state *z)
{
    free(z->stored.rows);
    free(z->wanted.rows);
}

/* Writes the rows that are not there; all anew unless what is there is part of them. */
static bool write_zone(struct ledger *l, const char *zone, const struct zone_state *z,
                       struct err *e)
{
    struct ledger_call c;
    bool written = true;

    if (!z->part) {
        call_begin(&c, l, SQL_ZONE_CLEAR);
        written = call_run(&c, e);
    }
    for (size_t i = 0; written && i < z->wanted.count; i++) {
        if (!z->part || i < z->have[0] || i >= z->have[1]) {
            written = write_zone_row(l, zone, &z->wanted.rows[i], e);
        }
    }
    return written;
}

/* Another run may be filling it too: what is missing is told anew where nobody else can write. */
static bool change_zone(struct ledger *l, const char *zone, const int64_t bounds_ms[2],
                        struct err *e)
{
    struct zone_state z;

    if (!db_begin(l->db, e)) {
        return false;
    }
    bool done = read_zone_state(l, zone, bounds_ms, &z, e) && write_zone(l, zone, &z, e) &&
                db_commit(l->db, e);
    if (!done) {
        db_rollback(l->db);
    }
    free_zone_state(&z);
    return done;
}

bool ledger_zone(struct ledger *l, const char *zone, int64_t from_ms, int64_t to_ms, struct err *e)
{
    const int64_t bounds_ms[2] = {from_ms, to_ms};
    struct zone_state z;
    bool read = read_zone_state(l, zone, bounds_ms, &z, e);
    bool stored = read && zone_is_stored(&z);

    free_zone_state(&z);
    return read && (stored || change_zone(l, zone, bounds_ms, e));
}

bool ledger_source(struct ledger *l, const char *stream, struct arena *a, const char **plan,
                   struct err *e)
{
    struct ledger_call c;
    bool row = false;

    call_begin(&c, l, SQL_SOURCE);
    call_text(&c, stream);
    bool read = call_step(&c, &row, e);
    *plan = read && row ? call_read_text(&c, 0, a) : NULL;
    call_end(&c);
    return read;
}

bool ledger_remember_source(struct ledger *l, const char *stream, const char *plan, struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_SOURCE_REMEMBER);
    call_text(&c, stream);
    call_text(&c, plan);
    call_time(&c, clock_now_ms());
    return call_run_at_once(&c, e);
}

/* Reads the first column of all rows into the arena and ends the call. */
static bool read_ids(struct ledger_call *c, struct arena *a, struct ledger_ids *out, struct err *e)
{
    const char **list = NULL;
    size_t capacity = 0;
    size_t count = 0;
    bool row = false;
    bool read = false;

    while ((read = call_step(c, &row, e)) && row) {
        if (count == capacity) {
            capacity = capacity > 0 ? capacity * 2 : 256;
            list = xrealloc(list, capacity * sizeof(*list));
        }
        list[count++] = call_read_text(c, 0, a);
    }
    call_end(c);
    const char **kept = arena_array(a, count + 1, sizeof(*kept));
    if (count > 0) {
        memcpy(kept, list, count * sizeof(*kept));
    }
    free(list);
    *out = (struct ledger_ids){.ids = kept, .count = count};
    return read;
}

bool ledger_open_conversations(struct ledger *l, int64_t since_ms, const char *after,
                               struct arena *a, struct ledger_ids *out, struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_OPEN_CONVERSATIONS);
    call_time(&c, since_ms);
    call_text(&c, after ? after : "");
    call_run_id(&c);
    return read_ids(&c, a, out, e);
}

bool ledger_user_ids(struct ledger *l, struct arena *a, struct ledger_ids *out, struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_USER_IDS);
    return read_ids(&c, a, out, e);
}
