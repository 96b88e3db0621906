#include "etl/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "etl/ledger.h"
#include "etl/load_tree.h"
#include "etl/observe.h"
#include "etl/walk.h"

struct loader {
    const struct tree_map *tree;
    struct walker *walker;
    struct db *db;
    struct tree_loader *rows;  /* LOAD_TREE */
    struct observer *observer; /* LOAD_OBSERVE */
    size_t id_column;          /* of the root: the entity's id */
    bool *answered;            /* by asked id, of the page being loaded */
};

struct loader *load_new(struct db *d, const struct tree_map *tree, const struct table_map *state,
                        struct err *e)
{
    struct loader *l = xcalloc(1, sizeof(*l));

    l->tree = tree;
    l->walker = walk_new(tree);
    l->id_column = walk_id_column(l->walker);
    l->db = d;
    if (state) {
        l->observer = observer_new(d, tree, state, e);
    } else {
        l->rows = tree_loader_new(d, tree, l->walker, e);
    }
    if (!l->rows && !l->observer) {
        load_free(l);
        return NULL;
    }
    return l;
}

void load_free(struct loader *l)
{
    if (l) {
        tree_loader_free(l->rows);
        observer_free(l->observer);
        walk_free(l->walker);
        free(l->answered);
        free(l);
    }
}

/* Finds the page's entities; an absent list is an empty one, where the answer is an object that
 * names its list. */
static bool find_entities(const struct loader *l, const struct load_page *page,
                          struct json *entities, struct err *e)
{
    struct json root = json_root(page->document);
    const char *names = l->tree->entities;

    *entities = walk_entities(l->walker, root);
    if (json_type(*entities) == JSON_ARRAY ||
        (json_type(*entities) == JSON_ABSENT && json_type(root) == JSON_OBJECT && names[0])) {
        return true;
    }
    return err_set(e, ERR_CONTRACT, "%s: the answer holds no list%s%s", page->stream,
                   names[0] ? " of " : "", names);
}

static bool note(struct loader *l, const struct load_page *page, const struct walk_note *n,
                 struct err *e)
{
    struct ledger_note ledger = {
        .stream = page->stream,
        .path = n->path,
        .problem = n->problem,
        .example = n->example,
        .count = n->count,
    };

    return ledger_note(l->db, &ledger, e);
}

static bool write_notes(struct loader *l, const struct load_page *page, struct err *e)
{
    size_t count;
    const struct walk_note *notes = walk_notes(l->walker, &count);

    for (size_t i = 0; i < count; i++) {
        if (!note(l, page, &notes[i], e)) {
            return false;
        }
    }
    return true;
}

static bool load_rows(struct loader *l, const struct load_page *page, const char *now,
                      const struct row_set *sets, struct load_counts *counts, struct err *e)
{
    struct tree_outcome outcome;

    if (!tree_load(l->rows, page, now, sets, &outcome, e)) {
        return false;
    }
    counts->rows_new += outcome.is_new;
    counts->rows_changed += outcome.is_changed;
    counts->rows_unchanged += !outcome.is_new && !outcome.is_changed;
    if (outcome.gone_attributes > 0) {
        struct walk_note n = {
            .path = tree_attribute_path(l->rows),
            .problem = "dropped: its participant is gone",
            .example = outcome.gone_id,
            .count = (int64_t)outcome.gone_attributes,
        };

        return note(l, page, &n, e);
    }
    return true;
}

/* --- observations --- */

static void mark_answered(struct loader *l, const struct load_page *page, const struct cell *id)
{
    for (size_t i = 0; i < page->asked_count; i++) {
        if (strcmp(page->asked_ids[i], id->value.text) == 0) {
            l->answered[i] = true;
        }
    }
}

static bool load_observation(struct loader *l, const struct load_page *page, const char *now,
                             const struct row_set *sets, struct load_counts *counts, struct err *e)
{
    const struct cell *id = &sets[0].cells[l->id_column];
    struct walk_note n = {.path = l->tree->id, .example = id->value.text, .count = 1};
    enum observed outcome;

    if (!observe(l->observer, sets[0].cells, now, page->plan, &outcome, e)) {
        return false;
    }
    if (page->asked_ids) {
        mark_answered(l, page, id);
    }
    switch (outcome) {
    case OBSERVED_NEW:
        counts->rows_new++;
        return true;
    case OBSERVED_CHANGED:
        counts->rows_changed++;
        return true;
    case OBSERVED_UNCHANGED:
        break;
    case OBSERVED_LATE:
        n.problem = "older than the last observation";
        break;
    case OBSERVED_BAD:
        n.problem = "interval ends before it starts, or is not yet";
        break;
    }
    counts->rows_unchanged++;
    return !n.problem || note(l, page, &n, e);
}

/* Who was asked for and is not in the answer. */
static bool load_absences(struct loader *l, const struct load_page *page, const char *now,
                          struct load_counts *counts, struct err *e)
{
    for (size_t i = 0; page->asked_ids && i < page->asked_count; i++) {
        bool closed = false;

        if (!l->answered[i] && !observe_absent(l->observer, page->asked_ids[i], now, &closed, e)) {
            return false;
        }
        counts->rows_changed += closed;
    }
    return true;
}

bool load_absent_since(struct loader *l, int64_t since_ms, struct load_counts *counts,
                       struct err *e)
{
    char since[CLOCK_ISO_BYTES];
    int64_t closed = 0;

    if (l->observer &&
        !observe_absent_since(l->observer, clock_format(since_ms, since), &closed, e)) {
        return false;
    }
    counts->rows_changed += closed;
    return true;
}

/* --- pages --- */

static bool load_entities(struct loader *l, const struct load_page *page, const char *now,
                          struct load_counts *counts, struct err *e)
{
    struct json entities;
    struct json key;
    struct json entity;

    if (!find_entities(l, page, &entities, e)) {
        return false;
    }
    struct json_iter it = json_iter(entities);
    while (json_next(&it, &key, &entity)) {
        const struct row_set *sets;

        counts->rows_read++;
        if (!walk_entity(l->walker, entity, &sets, e)) {
            return err_prefix(e, "%s: row %lld of the page", page->stream,
                              (long long)counts->rows_read);
        }
        if (l->observer ? !load_observation(l, page, now, sets, counts, e)
                        : !load_rows(l, page, now, sets, counts, e)) {
            return false;
        }
    }
    return true;
}

bool load_page(struct loader *l, const struct load_page *page, struct load_counts *counts,
               struct err *e)
{
    char now[CLOCK_ISO_BYTES];
    bool ok;

    *counts = (struct load_counts){0};
    clock_format(page->received_ms, now);
    if (l->observer && page->asked_ids) {
        free(l->answered);
        l->answered = xcalloc(page->asked_count, sizeof(*l->answered));
    }
    ok = load_entities(l, page, now, counts, e) &&
         (!l->observer || load_absences(l, page, now, counts, e)) && write_notes(l, page, e);
    walk_reset(l->walker);
    if (!ok && l->rows) {
        tree_forget(l->rows);
    }
    return ok;
}
