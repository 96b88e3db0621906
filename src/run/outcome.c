#include "base/str.h"
#include "io/json.h"
#include "run/night.h"

enum { LIST_MOST = 80, JSON_BYTES = 1 << 20 };

/* What is in the way of a stream, and what to do, in a sentence; `together`: the line that leaves
 * it out is given apart. */
static const char *sentence(const struct night *n, bool together)
{
    struct arena *a = n->run->arena;
    const char *name = n->stream->name;
    const char *what = err_brief(&n->first, a);

    if (!night_is_refused(n)) {
        return str_starts_with(what, name) ? what : arena_printf(a, "%s: %s", name, what);
    }
    if (n->needs && night_is_refused(n->needs) && !n->begun) {
        name = arena_printf(a, "%s needs %s", name, n->needs->stream->name);
    }
    const char *lacks = n->first.lacks;
    const char *list = stream_leave_out(n->run->config, &n->stream, 1, a);
    const char *or_else = "";
    if (list) {
        or_else = arena_printf(a, ", or leave the stream out: [extract] streams = %s%s",
                               together ? "..., -" : list, together ? n->stream->name : "");
    }
    return *lacks ? arena_printf(a, "%s: the client lacks %s. Give its role that permission%s",
                                 name, lacks, or_else)
                  : arena_printf(a,
                                 "%s: the server refuses it, HTTP 403, and names no permission. "
                                 "`rollcall check` says more%s",
                                 name, or_else);
}

static void add_member(struct buf *json, const char *key, const char *text)
{
    if (text) {
        buf_add_printf(json, ",\"%s\":", key);
        json_quote(json, text, strlen(text));
    }
}

static void add_left(struct buf *json, const struct night *n, const char *why, enum err_kind kind)
{
    buf_add_printf(json, "%s\"%s\":{\"exit\":\"%s\"", json->length > 0 ? "," : "{", n->stream->name,
                   err_facts[kind].name);
    add_member(json, "why", why);
    add_member(json, "error", why ? n->first.message : NULL);
    buf_add_char(json, '}');
}

struct outcome outcome_tell(const struct run *run, enum err_kind kind)
{
    struct outcome told = {0};
    struct arena *a = run->arena;
    const struct err *over = &run->budget.why;
    const struct stream **refused = arena_array(a, stream_registry_count, sizeof(*refused));
    const char **lines = arena_array(a, stream_registry_count + 1, sizeof(*lines));
    size_t count = 0;
    BUF_SCOPED struct buf json = buf_of(JSON_BYTES);

    for (const struct night *n = run->nights; n; n = n->next) {
        if (night_is_refused(n)) {
            refused[count++] = n->stream;
        }
    }
    const char *list = stream_leave_out(run->config, refused, count, a);
    bool together = list && (count > 1 || strlen(list) > LIST_MOST);
    for (const struct night *n = run->nights; n; n = n->next) {
        /* That a budget is used up is said once. */
        bool is_own = n->first.kind != ERR_NONE &&
                      (over->kind == ERR_NONE || !str_eq(n->first.message, over->message));
        const char *why = is_own ? sentence(n, together) : NULL;

        if (is_own) {
            lines[told.line_count++] = why;
        }
        if (n->wanted && !night_is_whole(n)) {
            add_left(&json, n, why, is_own ? n->first.kind : kind);
        }
    }
    lines[told.line_count] = over->message;
    told.line_count += over->kind != ERR_NONE ? 1 : 0;
    told.lines = lines;
    told.leave_out = together ? list : NULL;
    told.not_done = json.length > 0 ? arena_printf(a, "%s}", buf_str(&json)) : NULL;
    return told;
}
