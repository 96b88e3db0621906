#include "etl/history.h"

#include "etl/words.h"
#include "sql.h"

enum { COLUMNS_MAX = 64, FACTS_MAX = 6 };

/* --- making --- */

/* Names of columns. */
struct names {
    const char *list[COLUMNS_MAX];
    size_t count;
};

static void add_name(struct names *n, const char *name)
{
    INVARIANT(n->count < COLUMNS_MAX);
    n->list[n->count++] = name;
}

static void add_each(struct words *w, const char *word, const struct names *n, const char *form,
                     const char *comma)
{
    words_add(w, word, "%s", words_each(w->arena, n->list, n->count, form, comma));
}

/* Both say the same in each of the columns. */
static void add_same(struct words *w, const char *word, const struct names *n, const char *form)
{
    words_add(w, word, "(%s)",
              n->count > 0 ? words_each(w->arena, n->list, n->count, form, " AND ") : "1");
}

/* Steps, from `at` on; NULL ends them. */
static void make(struct history *h, const struct words *w, size_t at, const char *const *templates)
{
    for (; *templates; templates++) {
        h->sql[at++] = words_fill(w, *templates);
    }
}

static void make_intervals(struct history *h, const struct tree_map *tree, struct words *w)
{
    static const char *const steps[] = {INTERVAL_STEPS, NULL};
    struct names keys = {.count = 0};
    struct names same = {.count = 0};
    const char *start = NULL;

    INVARIANT(h->map->child_count == 0);
    for (size_t i = 0; i < tree->id_count; i++) {
        if (!start && strstr(tree->ids[i], "start")) {
            start = tree->ids[i];
        } else {
            add_name(&keys, tree->ids[i]);
        }
    }
    INVARIANT(start && keys.count > 0);
    const char *at = strstr(start, "start");
    const char *end =
        arena_printf(h->arena, "%.*send%s", (int)(at - start), start, at + strlen("start"));
    INVARIANT(map_column(h->map, end) < h->map->column_count);
    for (size_t i = 0; i < h->map->column_count; i++) {
        const struct column_map *c = &h->map->columns[i];

        if (!str_eq(c->name, start) && !str_eq(c->name, end) && !(c->flags & COLUMN_UNHASHED)) {
            add_name(&same, c->name);
        }
    }
    words_add(w, "table", "\"%s\"", h->map->table);
    words_add(w, "start", "\"%s\"", start);
    words_add(w, "end", "\"%s\"", end);
    add_same(w, "keys", &keys, "s.$ = n.$");
    add_same(w, "of_key", &keys,
             words_fill(w, "$ = (SELECT n.$ FROM {came} AS n WHERE n.rowid = 1)"));
    add_same(w, "same", &same, "s.$ IS n.$");
    words_add(w, "one_id", "%s",
              words_each(h->arena, tree->ids, tree->id_count, "$", " || char(31) || "));
    h->start = map_column(h->map, start);
    h->temporary = words_fill(w, sql_interval_temporary);
    h->sql[HISTORY_CAME] = words_fill(w, sql_interval_came);
    h->sql[HISTORY_WHOLE] = words_fill(w, sql_interval_whole);
    make(h, w, HISTORY_ROWS, steps);
}

static void make_observer(struct history *h, const struct table_map *state, struct words *w)
{
    static const char *const own[] = {OBSERVED_OWN};
    static const char *const snapshots[] = {SNAPSHOT_STEPS, NULL};
    static const char *const intervals[] = {OBSERVED_INTERVAL_STEPS, NULL};
    static const char *const fill[] = {FILL_STEPS, NULL};
    struct names stored = {.count = 0};
    struct names others = {.count = 0};  /* that the source does not report */
    struct names reports = {.count = 0}; /* that it does, but for its own */
    struct names states = {.count = 0};  /* of these */

    for (size_t i = 0; i < state->column_count; i++) {
        const struct column_map *c = &state->columns[i];
        bool is_own = str_is_listed(c->name, own, COUNT_OF(own));
        bool is_reported = map_column(h->map, c->name) < h->map->column_count;
        bool is_state = !is_own && is_reported && !(c->flags & COLUMN_UNHASHED);

        add_name(&stored, c->name);
        if (!is_own) {
            add_name(is_reported ? &reports : &others, c->name);
        }
        if (is_state) {
            add_name(&states, c->name);
        }
        words_add(w, arena_printf(h->arena, "same:%s", c->name), "(%s)",
                  is_state ? words_each(h->arena, &c->name, 1, sql_observe_same, "") : "1");
    }
    add_each(w, "stored", &stored, "$", ", ");
    add_each(w, "others", &others, "$ = s.$, ", "");
    add_each(w, "merge", &reports, sql_observe_merged, "");
    add_same(w, "says_all", &states, "(n.$ IS NOT NULL OR s.$ IS NULL)");
    add_each(w, "fill", &states, "$ = ifnull(s.$, n.$), ", "");
    add_same(w, "is_full", &states, "(s.$ IS NOT NULL OR n.$ IS NULL)");
    add_same(w, "same", &states, sql_observe_same);
    words_add(w, "pair", "%s", words_fill(w, sql_observe_pair));
    words_add(w, "touches", "(%s)", words_fill(w, sql_observe_touches));
    words_add(w, "known", "(%s)", words_fill(w, sql_observe_says_known));
    h->start = map_column(h->map, OBSERVED_START);
    h->temporary = words_fill(w, sql_observe_temporary);
    h->sql[HISTORY_CAME] = words_fill(w, sql_observe_came);
    h->sql[HISTORY_WHOLE] = words_fill(w, sql_observe_whole);
    make(h, w, HISTORY_SNAPSHOTS, snapshots);
    make(h, w, HISTORY_ROWS, intervals);
    make(h, w, HISTORY_FILL, fill);
}

struct history *history_new(struct db *d, const struct tree_map *tree,
                            const struct table_map *state)
{
    struct history *h = xcalloc(1, sizeof(*h));
    struct words w = {.arena = arena_new(0)};
    struct names columns = {.count = 0};

    *h = (struct history){.db = d, .map = tree->root, .observes = state != NULL, .arena = w.arena};
    words_add(&w, "came", "temp.\"came_%s\"", tree->root->table);
    h->sql[HISTORY_OUTCOME] = words_fill(&w, sql_history_outcome);
    for (size_t i = 0; i < h->map->column_count; i++) {
        add_name(&columns, h->map->columns[i].name);
    }
    add_each(&w, "columns", &columns, "$", ", ");
    add_each(&w, "marks", &columns, "?", ", ");
    if (state) {
        make_observer(h, state, &w);
    } else {
        make_intervals(h, tree, &w);
    }
    return h;
}

void history_free(struct history *h)
{
    if (!h) {
        return;
    }
    for (size_t i = 0; i < HISTORY_STATEMENTS; i++) {
        db_forget(h->db, h->sql[i]);
    }
    arena_free(h->arena);
    free(h);
}

/* --- rows --- */

bool history_take(struct history *h, const struct cell *row, uint64_t row_hash,
                  const struct load_page *page, enum placed *outcome, struct err *e)
{
    struct db_value values[COLUMNS_MAX + FACTS_MAX] = {NONE};
    const struct db_value observation[] = {T(page->received_ms), S(page->plan)};
    const struct db_value facts[] = {T(page->facts.start_ms), T(page->facts.end_ms),
                                     T(page->until_ms),       I(page->replays),
                                     I((int64_t)row_hash),    I(load_run_id(page))};
    size_t count = h->observes ? COUNT_OF(observation) : COUNT_OF(facts);
    bool is_snapshot = h->start == h->map->column_count || row[h->start].type == CELL_NULL;
    size_t first = is_snapshot ? HISTORY_SNAPSHOTS : HISTORY_ROWS;
    const char *const *step = &h->sql[h->observes && page->replays ? HISTORY_FILL : first];
    int64_t placed = 0;

    memcpy(values, h->observes ? observation : facts, count * sizeof(*values));
    for (size_t i = 0; i < h->map->column_count; i++) {
        values[count++] = db_value_of(&row[i]);
    }
    bool done = db_do_values(h->db, e, h->sql[HISTORY_CAME], values, count);
    for (; done && *step; step++) {
        done = db_do(h->db, e, *step, NONE);
    }
    done = done && db_number(db_ask(h->db, e, h->sql[HISTORY_OUTCOME], NONE), &placed);
    *outcome = (enum placed)placed;
    return done;
}

/* --- distrust --- */

bool observe_distrust(struct db *d, int64_t now_ms, int64_t *count, struct err *e)
{
    static const char *const takes_back[] = {sql_observe_remove_ahead, sql_observe_cut_ahead,
                                             sql_observe_gaps_ahead};
    int64_t ahead;
    bool done = db_number(db_ask(d, e, sql_observe_is_ahead, T(now_ms)), &ahead);

    *count = 0;
    for (size_t i = 0; done && ahead && i < COUNT_OF(takes_back); i++) {
        done = db_do(d, e, takes_back[i], T(now_ms));
        *count += takes_back[i] == sql_observe_gaps_ahead ? 0 : db_changes(d);
    }
    return done;
}
