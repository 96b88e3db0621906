#include "streams/figures.h"

#include <string.h>

#include "sql.h"

static const char *const names[] = {FIGURE_NAMES};
enum name { FIGURE_IDS, NAMES, OF_QUARTERS = ACD };

/* clang-format off */
/* Which of them the statements of figures.sql take, in their order: counts, then sums. */
enum statement { INTERVAL, LEG, CONVERSATION };
static const struct taken {
    const enum name *list;
    size_t count;
} taken[][2] = {
#define TAKEN(...) {(const enum name[]){__VA_ARGS__}, COUNT_OF(((const enum name[]){__VA_ARGS__}))}
    [INTERVAL] = {TAKEN(ANSWERED, ABANDON, SHORT_ABANDON, FLOW_OUT, HANDLE, TALK, HELD, ACW,
                        DIALING, CONTACTING, NOT_RESPONDING),
                  TAKEN(OFFERED, OVER_SLA, TRANSFERRED, BLIND, CONSULTED, ANSWERED, ABANDON,
                        FLOW_OUT, HANDLE, TALK, HELD, ACW, DIALING, CONTACTING)},
    [LEG] = {TAKEN(ANSWERED, HANDLE),
             TAKEN(TALK, HELD, ACW, DIALING, CONTACTING, HANDLE, TRANSFERRED)},
    [CONVERSATION] = {TAKEN(OFFERED, ANSWERED, ABANDON, SHORT_ABANDON, FLOW_OUT, OVER_SLA,
                            CONNECTED, OUTBOUND, TRANSFERRED, BLIND, CONSULTED, HANDLE),
                      TAKEN(ACD, ANSWERED, ABANDON, IVR, ALERT, TALK, HELD, ACW, DIALING,
                            CONTACTING, HANDLE)},
};
/* clang-format on */
enum { VALUES_MAX = 48 };

/* A metric of more than thirty years is none: sums must not overflow. */
static const int64_t value_most = 1000000000000;

/* Metrics of one name: how many, how many of them with a value, the sum of those. */
struct tally {
    int64_t count;
    int64_t valued;
    int64_t sum;
};

/* A row of a conversation's records: a participant, one of its sessions, or one of the segments or
 * metrics of that, in the order of their keys. Its texts are those of its SELECT. */
enum source { PARTICIPANTS, SESSIONS, SEGMENTS, METRICS, SOURCES };
static const struct {
    const char *table;
    const char *sql;
    int ordinal; /* the column of its own; its texts come next */
} kinds[SOURCES] = {{"participant", sql_figures_participants, 1},
                    {"session", sql_figures_sessions, 2},
                    {"segment", sql_figures_segments, 3},
                    {"session_metric", sql_figures_metrics, 3}};
enum { COLUMNS_MAX = 10 };
enum { PURPOSE, USER, TEAM };                                 /* of a participant */
enum { MEDIA, MESSAGE, ANI, DNIS, DIRECTION };                /* of a session */
enum { QUEUE = 0, START, END, TYPE, CODE, HOW_ENDED, TEXTS }; /* of a segment */
enum { EMITTED };                                             /* of a metric */
struct row {
    struct row *next;
    const struct row *of;
    int64_t no;
    const char *text[TEXTS];
    bool is_customer;     /* participants */
    bool is_outside;      /* the customer, or another party from outside */
    bool is_agent;        /* with an id */
    struct row *segments; /* sessions */
    struct row *metrics;
    bool interacts;
    struct tally *tallies; /* by name */
    enum name name;        /* metrics; NAMES: another, which counts nowhere */
    struct tally one;
    bool counts;
};

/* A stay in a queue: the segments of an acd session that name it, one after another. */
struct visit {
    struct visit *next;
    const struct row *of;
    const struct row *first; /* of its segments, by instant */
    const struct row *after; /* the last segment of another queue before it; NULL: none */
    int64_t segment_no;
    const char *queue;
    const char *entered_at; /* when it waited there, not only was scheduled; NULL: never */
    const char *left_at;
    const char *next_begun; /* when the next queue's segment began; NULL: none */
    const char *again_at;   /* when the conversation came to that queue again; NULL: never */
    bool is_open;           /* a segment has no end */
    bool counts;
};

/* Where a source's rows come from: what its statement finds, or those of the page, in which the
 * statement's columns have their places. */
struct reading {
    struct rows q;
    const struct row_set *fed; /* NULL: the statement's */
    size_t places[COLUMNS_MAX];
    size_t at;
    bool there; /* a row is at hand */
};

struct making {
    struct db *db;
    struct err *e;
    struct arena *arena; /* of the conversation at hand */
    int64_t key;
    int64_t place; /* its key, or in the page its number */
    struct reading from[SOURCES];
    struct row *participants;
    struct row *sessions;
    struct visit *visits;
};

/* Goes through a list. */
#define EACH(type, one, list) for (struct type * (one) = (list); (one); (one) = (one)->next)

/* By text; what is not known comes first. */
static int order(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static const char *either(const char *text, const char *instead)
{
    return text ? text : instead;
}

static const char *earlier(const char *a, const char *b)
{
    return !a || (b && strcmp(b, a) < 0) ? b : a;
}

static const char *later(const char *a, const char *b)
{
    return !a || (b && strcmp(b, a) > 0) ? b : a;
}

/* --- records --- */

static enum name name_of(const char *name)
{
    enum name i = OFFERED;

    while (i < NAMES && !str_eq(names[i], name)) {
        i++;
    }
    return i;
}

static void begin_source(struct making *m, enum source s, const struct walked_tree *page)
{
    struct reading *r = &m->from[s];

    r->q = db_ask(m->db, m->e, kinds[s].sql, NONE);
    for (size_t i = 0; page && !r->fed; i++) {
        r->fed = str_eq(page->sets[i].table->table, kinds[s].table) ? &page->sets[i] : NULL;
    }
    for (int i = 0; r->q.ok && r->fed && i < db_column_count(&r->q); i++) {
        int first = kinds[s].ordinal + 1;

        r->places[i] = i < first
                           ? (size_t)i
                           : (size_t)first + map_column(r->fed->table, db_column_name(&r->q, i));
    }
    r->there = r->fed ? r->q.ok && r->fed->row_count > 0 : db_next(&r->q);
}

/* A cell of the row at hand, by the statement's column; its text is the page's, or good until the
 * next row. */
static struct cell cell_at(const struct reading *r, int column)
{
    const struct row_set *fed = r->fed;

    return !fed          ? db_cell(&r->q, column, NULL)
           : column == 0 ? cell_int(fed->entities[r->at])
                         : fed->cells[r->at * fed->cells_per_row + r->places[column]];
}

static const char *text_at(const struct reading *r, int column)
{
    struct cell c = cell_at(r, column);

    return c.type == CELL_TEXT ? c.value.text : NULL;
}

static void pass_row(struct reading *r)
{
    r->there = r->fed ? ++r->at < r->fed->row_count : db_next(&r->q);
}

/* Whether the next row of a source is of the conversation and below `of`; what comes before that
 * has lost what it was below, and is passed over. */
static bool is_next(struct making *m, enum source s, const struct row *of)
{
    struct reading *r = &m->from[s];
    int depth = kinds[s].ordinal;
    const struct row *by = s > SESSIONS ? of->of : of;
    const int64_t place[] = {m->place, by ? by->no : 0, of ? of->no : 0};

    INVARIANT(depth <= (int)COUNT_OF(place));
    for (; r->there; pass_row(r)) {
        int64_t no = place[0];
        int i = 0;

        while (i < depth && (no = cell_at(r, i).value.integer) == place[i]) {
            i++;
        }
        if (i == depth || no > place[i]) {
            return i == depth;
        }
    }
    return false;
}

/* Puts it at a list's end. */
static struct row *take(struct making *m, enum source s, const struct row *of, struct row ***end)
{
    struct reading *from = &m->from[s];
    struct row *r = arena_alloc(m->arena, sizeof(*r));
    int first = kinds[s].ordinal + 1;
    int count = s == METRICS ? EMITTED + 1 : db_column_count(&from->q) - first;

    r->of = of;
    r->no = cell_at(from, kinds[s].ordinal).value.integer;
    for (int i = 0; i < count; i++) {
        const char *text = text_at(from, first + i);

        r->text[i] = text && !from->fed ? arena_strdup(m->arena, text) : text;
    }
    if (s == METRICS) {
        struct cell value = cell_at(from, first + 2);

        r->name = name_of(text_at(from, first + 1));
        r->one = (struct tally){1, value.type == CELL_INT, value.value.integer};
        r->counts = value.value.integer >= -value_most && value.value.integer <= value_most;
    }
    **end = r;
    *end = &r->next;
    pass_row(from);
    return r;
}

static void add(struct tally *to, const struct tally *more)
{
    to->count += more->count;
    to->valued += more->valued;
    to->sum += more->sum;
}

static void read_session(struct making *m, struct row *s)
{
    struct row **segment = &s->segments;
    struct row **metric = &s->metrics;

    s->tallies = arena_array(m->arena, NAMES + 1, sizeof(*s->tallies));
    while (is_next(m, SEGMENTS, s)) {
        s->interacts =
            str_eq(take(m, SEGMENTS, s, &segment)->text[TYPE], "interact") || s->interacts;
    }
    while (is_next(m, METRICS, s)) {
        const struct row *c = take(m, METRICS, s, &metric);

        if (c->counts) {
            add(&s->tallies[c->name], &c->one);
        }
    }
}

static void read_records(struct making *m)
{
    struct row **participant = &m->participants;
    struct row **session = &m->sessions;

    arena_reset(m->arena);
    m->participants = m->sessions = NULL;
    m->visits = NULL;
    while (is_next(m, PARTICIPANTS, NULL)) {
        struct row *p = take(m, PARTICIPANTS, NULL, &participant);

        p->is_customer = str_eq(p->text[PURPOSE], "customer");
        p->is_outside = p->is_customer || str_eq(p->text[PURPOSE], "external");
        p->is_agent = p->text[USER] && str_has_word("agent user", p->text[PURPOSE]);
        while (is_next(m, SESSIONS, p)) {
            read_session(m, take(m, SESSIONS, p, &session));
        }
    }
}

/* --- metrics by quarter of an hour and queue --- */

/* Adds what a statement takes of tallies to its values, and runs it; of a whole conversation a sum
 * that has no value is NULL. */
static bool write(const struct making *m, enum statement of, struct db_value *v, size_t count,
                  const struct tally *tallies)
{
    static const char *const statements[] = {[INTERVAL] = sql_figures_interval,
                                             [LEG] = sql_figures_leg,
                                             [CONVERSATION] = sql_figures_conversation};

    for (size_t sums = 0; sums < 2; sums++) {
        for (size_t i = 0; i < taken[of][sums].count; i++) {
            const struct tally *t = &tallies[taken[of][sums].list[i]];

            v[count++] = !sums                                  ? I(t->count)
                         : of == CONVERSATION && t->valued == 0 ? NONE
                                                                : I(t->sum);
        }
    }
    return db_do_values(m->db, m->e, statements[of], v, count);
}

/* The queue of a session at an instant: that of its last segment with one that began before (or
 * then, if `or_then`); if none had begun, of the first. */
static const char *queue_at(const struct row *s, const char *instant, bool or_then)
{
    const struct row *first = NULL;
    const struct row *last = NULL;

    EACH (row, g, s->segments) {
        if (!g->text[QUEUE]) {
            continue;
        }
        if (!first || order(g->text[START], first->text[START]) < 0) {
            first = g;
        }
        if (g->text[START] && strcmp(g->text[START], instant) < or_then &&
            (!last || strcmp(g->text[START], last->text[START]) >= 0)) {
            last = g;
        }
    }
    return last ? last->text[QUEUE] : first ? first->text[QUEUE] : NULL;
}

/* The first instant of the quarter of an hour. */
static const char *quarter_of(struct making *m, const char *instant)
{
    static const char *const quarters[] = {"00", "15", "30", "45"};
    size_t minutes = sizeof("2026-03-01T00:") - 1;
    size_t i = COUNT_OF(quarters) - 1;

    while (i > 0 && strncmp(instant + minutes, quarters[i], 2) < 0) {
        i--;
    }
    char *start = arena_strdup(m->arena, "2026-03-01T00:00:00.000Z");
    memcpy(start, instant, minutes);
    memcpy(start + minutes, quarters[i], 2);
    return start;
}

struct interval {
    struct interval *next;
    const char *utc_start;
    const char *queue;
    int64_t metric_no; /* the first */
    struct tally tallies[NAMES];
};

static bool make_intervals(struct making *m, const struct row *s)
{
    struct interval *list = NULL;
    const struct row *by = s->of;

    EACH (row, c, s->metrics) {
        const char *at = c->text[EMITTED];

        if (!c->counts || !at || c->name >= OF_QUARTERS) {
            continue;
        }
        const char *start = quarter_of(m, at);
        const char *queue = by->is_outside ? NULL : queue_at(s, at, c->name == OFFERED);
        struct interval *own = list;
        while (own && !(str_eq(own->utc_start, start) && str_eq(own->queue, queue))) {
            own = own->next;
        }
        if (!own) {
            own = arena_alloc(m->arena, sizeof(*own));
            *own = (struct interval){list, start, queue, c->no, {{0}}};
            list = own;
        }
        add(&own->tallies[c->name], &c->one);
    }
    EACH (interval, i, list) {
        struct db_value v[VALUES_MAX] = {I(m->key),         I(by->no),        I(s->no),
                                         I(i->metric_no),   S(i->utc_start),  S(i->queue),
                                         S(by->text[USER]), S(s->text[MEDIA])};

        if (!write(m, INTERVAL, v, 8, i->tallies)) {
            return false;
        }
    }
    return true;
}

/* --- stays in queues --- */

/* By instant, then by the API's order. */
static int compare(const struct row *a, const struct row *b)
{
    int by_start = strcmp(a->text[START], b->text[START]);

    return by_start != 0 ? by_start : a->no < b->no ? -1 : a->no > b->no;
}

/* The session's segment of another queue that is nearest before or behind one of this queue. */
static const struct row *other_queue(const struct row *s, const struct row *of, bool behind)
{
    const struct row *nearest = NULL;

    EACH (row, g, s->segments) {
        if (g->text[QUEUE] && g->text[START] && !str_eq(g->text[QUEUE], of->text[QUEUE]) &&
            (compare(g, of) > 0) == behind && (!nearest || (compare(g, nearest) < 0) == behind)) {
            nearest = g;
        }
    }
    return nearest;
}

/* Puts the segments of a session together that name one queue, with none of another between;
 * behind *end, the last of the visits so far. */
static void find_visits(struct making *m, const struct row *s, struct visit ***end)
{
    struct visit **own = *end;

    EACH (row, g, s->segments) {
        const char *queue = g->text[QUEUE];

        if (!queue || !g->text[START]) {
            continue;
        }
        const struct row *after = other_queue(s, g, false);
        struct visit *v = *own;
        while (v && !(v->after == after && str_eq(v->queue, queue))) {
            v = v->next;
        }
        if (!v) {
            v = arena_alloc(m->arena, sizeof(*v));
            v->of = s;
            v->first = g;
            v->after = after;
            v->segment_no = g->no;
            v->queue = queue;
            **end = v;
            *end = &v->next;
        }
        v->first = compare(g, v->first) < 0 ? g : v->first;
        if (!str_eq(g->text[TYPE], "scheduled")) {
            v->entered_at = earlier(v->entered_at, g->text[START]);
        }
        v->left_at = later(v->left_at, g->text[END]);
        v->is_open = v->is_open || !g->text[END];
    }
}

/* What visits of one conversation tell one another. */
static void follow_visits(struct making *m)
{
    EACH (visit, v, m->visits) {
        const struct row *then = other_queue(v->of, v->first, true);

        v->next_begun = then ? then->text[START] : NULL;
        v->left_at = v->is_open ? v->next_begun : v->left_at;
        v->counts = v->entered_at != NULL;
        v->entered_at = either(v->entered_at, v->first->text[START]);
    }
    EACH (visit, v, m->visits) {
        bool is_behind = false;

        EACH (visit, o, m->visits) {
            int by_start = strcmp(o->entered_at, v->entered_at);

            if (str_eq(o->queue, v->queue) && (by_start > 0 || (by_start == 0 && is_behind))) {
                v->again_at = earlier(v->again_at, o->entered_at);
            }
            is_behind = is_behind || o == v;
        }
    }
}

/* Whether a metric of its session counts for a visit. */
static bool is_of_visit(const struct visit *v, const struct row *metric)
{
    const char *at = metric->text[EMITTED];
    int begun = at ? strcmp(at, v->first->text[START]) : -1;
    int ends = at && v->next_begun ? strcmp(at, v->next_begun) : 1;
    bool is_offer = metric->name == OFFERED;

    return metric->counts && (!v->after || begun > 0 || (begun == 0 && is_offer)) &&
           (!v->next_begun || ends < 0 || (ends == 0 && !is_offer));
}

static bool is_during(const struct visit *v, const char *instant)
{
    return instant && strcmp(instant, v->entered_at) >= 0 &&
           (!v->again_at || strcmp(instant, v->again_at) < 0);
}

/* The session that answered a visit first, from that queue; NULL: none did. *late: after its
 * target. */
static const struct row *answer_of(const struct making *m, const struct visit *v, bool *late)
{
    const struct row *by = NULL;
    const char *when = NULL;

    EACH (row, s, m->sessions) {
        EACH (row, c, s->metrics) {
            const char *at = c->text[EMITTED];

            if (c->name == ANSWERED && is_during(v, at) && (!when || strcmp(at, when) < 0) &&
                str_eq(v->queue, queue_at(s, at, false))) {
                when = at;
                by = s;
            }
        }
    }
    EACH (row, c, by ? by->metrics : NULL) {
        *late = *late || (c->name == OVER_SLA && is_during(v, c->text[EMITTED]));
    }
    return by;
}

static bool make_visit(struct making *m, struct visit *v)
{
    struct tally t[NAMES + 1] = {{0}};

    EACH (row, c, v->of->metrics) {
        if (is_of_visit(v, c)) {
            add(&t[c->name], &c->one);
        }
    }
    bool late = t[OVER_SLA].count > 0;
    const struct row *by = answer_of(m, v, &late);
    const char *outcome = by ? "answered" : v->left_at ? "other" : "waiting";
    if (!by && t[ABANDON].count > 0) {
        outcome = "abandoned";
    } else if (!by && t[FLOW_OUT].count > 0) {
        outcome = "flowed_out";
    }
    v->counts = v->counts || t[OFFERED].count > 0;
    return !v->counts ||
           db_do(m->db, m->e, sql_figures_visit, I(m->key), I(v->of->of->no), I(v->of->no),
                 I(v->segment_no), S(v->entered_at), S(v->queue), S(v->of->text[MEDIA]),
                 S(v->left_at), S(outcome), t[ACD].valued > 0 ? I(t[ACD].sum) : NONE,
                 I(t[SHORT_ABANDON].count > 0), I(late), S(by ? by->of->text[USER] : NULL));
}

static bool make_visits(struct making *m)
{
    struct visit **end = &m->visits;

    EACH (row, s, m->sessions) {
        if (str_eq(s->of->text[PURPOSE], "acd")) {
            find_visits(m, s, &end);
        }
    }
    follow_visits(m);
    EACH (visit, v, m->visits) {
        if (!make_visit(m, v)) {
            return false;
        }
    }
    return true;
}

/* --- the first and the last --- */

/* A segment that is looked for: the first by its start, else the last by its start or end (what is
 * open ends last; of those that end together that which began last), then in the API's order. */
struct pick {
    int has; /* this text */
    enum { ANYONE, INSIDE, OUTSIDE, AGENT } who;
    const char *types; /* NULL: whatever */
    bool other_types;  /* all that are known but those */
    enum { FIRST, LAST_BEGUN, LAST_ENDED } which;
};
static const struct pick first_queue = {QUEUE, ANYONE, NULL, false, FIRST};
static const struct pick last_queue = {QUEUE, INSIDE, "wrapup alert dialing contacting", true,
                                       LAST_ENDED};
static const struct pick last_named_queue = {QUEUE, ANYONE, NULL, false, LAST_BEGUN};
static const struct pick first_agent = {TYPE, AGENT, "interact", false, FIRST};
static const struct pick last_agent = {TYPE, AGENT, "interact hold", false, LAST_ENDED};
static const struct pick first_code = {CODE, ANYONE, NULL, false, FIRST};
static const struct pick last_code = {CODE, ANYONE, NULL, false, LAST_BEGUN};
static const struct pick customers_end = {HOW_ENDED, OUTSIDE, NULL, false, LAST_ENDED};

static bool is_meant(const struct pick *k, const struct row *g)
{
    const struct row *by = g->of->of;
    const bool who[] = {true, !by->is_outside, by->is_outside, by->is_agent};

    return g->text[k->has] && who[k->who] &&
           (!k->types ||
            (g->text[TYPE] && str_has_word(k->types, g->text[TYPE]) != k->other_types));
}

static bool is_nearer(const struct pick *k, const struct row *g, const struct row *than)
{
    int by_start = order(g->text[START], than->text[START]);
    int by_end = strcmp(either(g->text[END], "open"), either(than->text[END], "open"));
    int by_who = k->who == OUTSIDE ? g->of->of->is_customer - than->of->of->is_customer : 0;

    if (k->which == FIRST) {
        return by_start < 0;
    }
    if (k->which == LAST_ENDED && (by_who != 0 || by_end != 0)) {
        return by_who != 0 ? by_who > 0 : by_end > 0;
    }
    return by_start >= 0;
}

/* Among the segments of one session, of a participant's, of all (NULL, NULL); NULL: none is. */
static const struct row *pick(const struct making *m, const struct pick *k, const struct row *of,
                              const struct row *by)
{
    const struct row *found = NULL;

    EACH (row, s, m->sessions) {
        EACH (row, g, (!of || s == of) && (!by || s->of == by) ? s->segments : NULL) {
            if (is_meant(k, g) && (!found || is_nearer(k, g, found))) {
                found = g;
            }
        }
    }
    return found;
}

static const char *text_of(const struct row *r, int text)
{
    return r ? r->text[text] : NULL;
}

/* --- agents' sessions --- */

/* Where a transfer went: the stay or the colleague's part that begins next. */
struct goal {
    const char *from; /* not before; NULL: there is none */
    const char *to;   /* not after; NULL: whenever */
    const char *begun;
    const char *queue;
    const char *user; /* where it is no queue */
};

static void offer_goal(struct goal *g, const char *begun, const char *queue, const char *user)
{
    if (!begun || !g->from || strcmp(begun, g->from) < 0 || (g->to && strcmp(begun, g->to) > 0)) {
        return;
    }
    int by_start = g->begun ? strcmp(begun, g->begun) : -1;
    if (by_start < 0 || (by_start == 0 && queue && (!g->queue || strcmp(queue, g->queue) < 0)) ||
        (by_start == 0 && !queue && !g->queue && strcmp(user, g->user) < 0)) {
        g->begun = begun;
        g->queue = queue;
        g->user = user;
    }
}

static void find_goal(const struct making *m, const struct row *of, struct goal *goal)
{
    EACH (visit, v, m->visits) {
        offer_goal(goal, v->counts ? v->entered_at : NULL, v->queue, NULL);
    }
    EACH (row, s, m->sessions) {
        const char *begun = NULL;

        EACH (row, g, s->segments) {
            const char *type = g->text[TYPE];

            if (type && !str_has_word("monitoring coaching barging screenMonitoring", type)) {
                begun = earlier(begun, g->text[START]);
            }
        }
        if (s->of->is_agent && s->of->no != of->of->no) {
            offer_goal(goal, begun, NULL, s->of->text[USER]);
        }
    }
}

static bool make_leg(struct making *m, const struct row *s)
{
    const struct tally *t = s->tallies;
    const struct row *by = s->of;
    const char *began = NULL;
    const char *emitted = NULL; /* the first metric, the last transfer, the last consultation */
    const char *moved = NULL;
    const char *asked = NULL;

    if (!by->is_agent || t[ANSWERED].count + t[HANDLE].count == 0) {
        return true;
    }
    EACH (row, r, s->segments) {
        began = earlier(began, r->text[START]);
    }
    EACH (row, r, s->metrics) {
        const char *at = r->counts ? r->text[EMITTED] : NULL;

        emitted = earlier(emitted, at);
        moved = r->name == BLIND || r->name == CONSULTED ? later(moved, at) : moved;
        asked = r->name == CONSULT ? later(asked, at) : asked;
    }
    bool consulted = t[CONSULTED].count > 0;
    const char *kind = consulted ? "consult" : t[BLIND].count > 0 ? "blind" : NULL;
    struct goal goal = {.from = consulted && moved ? asked : moved, .to = consulted ? moved : NULL};
    if (kind) {
        find_goal(m, s, &goal);
    }
    struct db_value v[VALUES_MAX] = {I(m->key),
                                     I(by->no),
                                     I(s->no),
                                     S(either(began, emitted)),
                                     S(by->text[USER]),
                                     S(text_of(pick(m, &last_named_queue, s, NULL), QUEUE)),
                                     S(s->text[MEDIA]),
                                     S(s->text[DIRECTION]),
                                     S(by->text[PURPOSE]),
                                     S(text_of(pick(m, &last_code, s, NULL), CODE)),
                                     S(kind),
                                     S(goal.queue),
                                     S(goal.user)};
    return (!began && !emitted) || write(m, LEG, v, 13, t);
}

/* --- whole conversations --- */

/* The least medium behind `last`, or the least agent who interacted; NULL: there is none. */
static const char *next_of(const struct making *m, const char *last, bool agents)
{
    const char *least = NULL;

    EACH (row, s, m->sessions) {
        bool counts = !agents || (s->of->is_agent && s->interacts);
        const char *text = agents ? s->of->text[USER] : s->text[MEDIA];

        if (counts && text && strcmp(text, last) > 0) {
            least = earlier(least, text);
        }
    }
    return least;
}

static bool make_conversation(struct making *m)
{
    struct tally t[NAMES] = {{0}};
    const char *said[2][DNIS + 1] = {{NULL}}; /* by the first session; [1]: of an outside party */
    const char *media = NULL;
    int64_t participants = 0;
    int64_t agents = 0;

    EACH (row, r, m->sessions) {
        for (int i = MEDIA; i <= DNIS; i++) {
            bool is_other = i >= ANI && !r->of->is_customer;

            if (i < ANI || r->of->is_outside) {
                said[is_other][i] = either(said[is_other][i], r->text[i]);
            }
        }
        for (int i = 0; i < NAMES; i++) {
            add(&t[i], &r->tallies[i]);
        }
    }
    EACH (row, r, m->participants) {
        participants++;
    }
    for (const char *last = ""; (last = next_of(m, last, false));) {
        media = media ? arena_printf(m->arena, "%s,%s", media, last) : last;
    }
    for (const char *last = ""; (last = next_of(m, last, true)); agents++) {
    }
    const struct row *first = pick(m, &first_agent, NULL, NULL);
    const struct row *last = pick(m, &last_agent, NULL, NULL);
    const struct row *agent = last ? last->of->of : NULL;
    struct db_value v[VALUES_MAX] = {I(m->key),
                                     S(said[0][MEDIA]),
                                     S(media),
                                     S(said[0][MESSAGE]),
                                     S(either(said[0][ANI], said[1][ANI])),
                                     S(either(said[0][DNIS], said[1][DNIS])),
                                     S(text_of(pick(m, &first_queue, NULL, NULL), QUEUE)),
                                     S(text_of(pick(m, &last_queue, NULL, NULL), QUEUE)),
                                     S(first ? first->of->of->text[USER] : NULL),
                                     S(text_of(agent, USER)),
                                     S(text_of(agent, TEAM)),
                                     S(text_of(pick(m, &first_code, NULL, NULL), CODE)),
                                     S(text_of(pick(m, &last_code, NULL, agent), CODE)),
                                     S(text_of(pick(m, &customers_end, NULL, NULL), HOW_ENDED)),
                                     I(participants),
                                     I(agents)};
    return write(m, CONVERSATION, v, 16, t);
}

/* --- all --- */

static bool make(struct making *m)
{
    bool done = true;

    read_records(m);
    EACH (row, s, m->sessions) {
        done = done && make_intervals(m, s);
    }
    done = done && make_visits(m);
    EACH (row, s, m->sessions) {
        done = done && make_leg(m, s);
    }
    return done && make_conversation(m);
}

/* The days whose figures move; of those that were whole it is kept what they were before that. */
static bool touch_days(struct db *d, bool made, struct err *e)
{
    return db_do(d, e, sql_figures_days, NONE) && db_do(d, e, sql_figures_keep, I(made)) &&
           db_do(d, e, sql_figures_touch, NONE) && db_do(d, e, "DELETE FROM temp.figure_day", NONE);
}

/* Makes those of the page that are written, or all that are owed. */
static bool make_all(struct making *m, const struct walked_tree *page)
{
    const struct row_set *roots = page ? &page->sets[0] : NULL;
    bool done = true;

    for (size_t i = 0; done && page && i < page->count; i++) {
        m->place = (int64_t)i;
        m->key = roots->cells[i * roots->cells_per_row].value.integer;
        done = !page->entities[i].written || make(m);
    }
    if (page) {
        return done;
    }
    struct rows owed = db_ask(m->db, m->e, sql_figures_owed, NONE);
    while (done && db_next(&owed)) {
        m->place = m->key = db_int(&owed, 0);
        done = make(m);
    }
    return db_end(&owed) && done;
}

bool figures_make(struct db *d, const struct walked_tree *page, struct err *e)
{
    static const char *const before[] = {sql_figures_forget_intervals, sql_figures_forget_visits,
                                         sql_figures_forget_legs, sql_figures_forget_conversations};
    ARENA_SCOPED struct arena *arena = arena_new(0);
    struct making m = {.db = d, .e = e, .arena = arena};
    int64_t owed = 0;
    bool done = db_exec(d, sql_figures_temporary, e) && touch_days(d, false, e) &&
                db_number(db_ask(d, e, "SELECT count(*) FROM fact_owed", NONE), &owed);

    for (size_t i = 0; page && i < page->count; i++) {
        owed -= page->entities[i].written;
    }
    page = owed == 0 ? page : NULL; /* others are owed too: all are made of the tables */
    for (size_t i = 0; done && i < COUNT_OF(before); i++) {
        done = db_do(d, e, before[i], NONE);
    }
    for (enum source s = 0; s < SOURCES; s++) {
        begin_source(&m, s, page);
    }
    done = done && make_all(&m, page);
    for (enum source s = 0; s < SOURCES; s++) {
        done = db_end(&m.from[s].q) && done;
    }
    return done && touch_days(d, true, e) && db_do(d, e, "DELETE FROM fact_owed", NONE);
}

bool figures_settle(struct db *d, struct err *e)
{
    int64_t owed = 0;

    return db_number(db_ask(d, e, "SELECT EXISTS (SELECT 1 FROM fact_owed)", NONE), &owed) &&
           (!owed || db_finish(d, db_begin(d, e) && figures_make(d, NULL, e), e));
}
