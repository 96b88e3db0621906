#include "run/erase.h"

#include <glob.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "io/embedded.h"
#include "sql.h"

/* The one person that is named. */
static bool take_person(const struct cmd_context *ctx, struct erasing *r, struct err *e)
{
    static const struct {
        enum cmd_option option;
        enum erased_kind kind;
    } ways[] = {{OPT_EXTERNAL_CONTACT, ERASED_CONTACT},
                {OPT_ADDRESS, ERASED_ADDRESS},
                {OPT_PARTICIPANT, ERASED_PARTICIPANT}};
    size_t named = 0;

    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        if (ctx->option[ways[i].option]) {
            r->kind = ways[i].kind;
            r->text = ctx->option[ways[i].option];
            named++;
        }
    }
    if (named != 1) {
        return cmd_usage(ctx, e, "name one of --external-contact, --address, --participant");
    }
    return ctx->option[OPT_YES] || isatty(STDIN_FILENO) ||
           cmd_usage(ctx, e, "nobody can be asked here: --yes does it unasked");
}

/* Journals of another file, which were set aside (io/db.c), are copies too. */
static void name_set_aside(struct cmd_context *ctx)
{
    glob_t found = {0};

    (void)glob(arena_printf(ctx->arena, "%s.before-*", ctx->config.database_path), 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        printf("  %s\n", found.gl_pathv[i]);
    }
    globfree(&found);
}

/* In one transaction, which ends as the answer says; shows what goes, and what was taken for the
 * person's. */
static bool erase(struct cmd_context *ctx, const struct erasing *r, struct err *e)
{
    const struct rendering words = {.format = RENDER_LIST, .out = stdout};
    struct rendering table;
    int64_t rows = 0;

    if (!cmd_rendering(ctx, &table, e) || !db_begin(r->db, e)) {
        return false;
    }
    bool done = erase_person(r, e) &&
                render_query(r->db, e, sql_erase_told, DB_VALUES(NONE), &words) &&
                db_scalar(r->db, "SELECT count(*) FROM temp.removed", &rows, e) &&
                (rows == 0 || render_query(r->db, e, sql_erase_removed, DB_VALUES(NONE), &table));
    if (done && rows > 0 && !ctx->option[OPT_YES] &&
        !cmd_confirms("Remove this for good? [y/N] ")) {
        done = err_set(e, ERR_STOPPED, "nothing was removed");
    }
    return db_finish(r->db, done, e) && erase_clean(r->db, e) &&
           render_query(r->db, e, sql_erase_done, DB_VALUES(I(rows)), &words);
}

bool cmd_erase(struct cmd_context *ctx, struct err *e)
{
    struct erasing r = {.arena = ctx->arena};

    if (!take_person(ctx, &r, e) || !cmd_setup(ctx, false, e)) {
        return false;
    }
    cmd_warn_root(ctx);
    struct lock_file *locks = cmd_open_alone(ctx, e);
    r.db = ctx->db;
    bool done = r.db && erase_has_room(r.db, e) && db_exec(r.db, embedded_dictionary[0].text, e) &&
                erase(ctx, &r, e);
    if (done) {
        name_set_aside(ctx);
    }
    lock_close(locks);
    return done;
}
