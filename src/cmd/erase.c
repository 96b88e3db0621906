#include "run/erase.h"

#include <stdio.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "io/embedded.h"
#include "io/lock.h"
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

/* Nothing else works on the file meanwhile. */
static struct lock_file *take_locks(const char *path, struct err *e)
{
    struct lock_file *locks = db_check(path, e) ? lock_open(path, e) : NULL;
    bool locked = locks != NULL;

    for (int slot = 0; locked && slot < LOCK_SLOTS; slot++) {
        const char *name = "erase";

        for (size_t i = 0; i < stream_registry_count; i++) {
            name = stream_registry[i]->lock_slot == slot ? stream_registry[i]->name : name;
        }
        locked = lock_take(locks, slot, name, e);
    }
    if (!locked) {
        lock_close(locks);
    }
    return locked ? locks : NULL;
}

/* Says what goes, and what was taken for the person's. */
static bool tell(struct cmd_context *ctx, const struct erasing *r, int64_t *rows, struct err *e)
{
    struct rendering to;

    for (size_t i = 0; i < r->address_count; i++) {
        printf("The person's address, too, wherever it stands: %s\n",
               str_escaped(ctx->arena, r->addresses[i]));
    }
    for (size_t i = 0; i < r->kept_count; i++) {
        printf("An address that stays, since it is the organization's too (--address removes it): "
               "%s\n",
               str_escaped(ctx->arena, r->kept[i]));
    }
    if (r->ours > 0) {
        printf("Careful: in %lld places it is the organization's own: a number of its, or of its "
               "people.\n",
               (long long)r->ours);
    }
    if (!db_scalar(r->db, "SELECT count(*) FROM temp.removed", rows, e)) {
        return false;
    }
    if (*rows == 0) {
        puts("Nothing of it is stored; what comes is kept out.");
        return true;
    }
    return cmd_rendering(ctx, &to, e) &&
           render_query(r->db, e, sql_erase_removed, DB_VALUES(NONE), &to);
}

/* In one transaction, which ends as the answer says. */
static bool erase(struct cmd_context *ctx, struct erasing *r, struct err *e)
{
    int64_t rows = 0;

    if (!db_exec(r->db, "PRAGMA secure_delete = ON", e) || !db_begin(r->db, e)) {
        return false;
    }
    bool done = erase_person(r, e) && tell(ctx, r, &rows, e);
    if (done && rows > 0 && !ctx->option[OPT_YES] &&
        !cmd_confirms("Remove this for good? [y/N] ")) {
        done = err_set(e, ERR_STOPPED, "nothing was removed");
    }
    if (!db_finish(r->db, done, e) || !erase_clean(r->db, e)) {
        return false;
    }
    puts(rows > 0
             ? "Removed; no byte of it is left in the file. Exports, snapshots and backups that "
               "were made before may still hold it:"
             : "Exports, snapshots and backups are not looked into:");
    printf("  %s and its like: write them anew\n",
           ctx->config.export_directory ? ctx->config.export_directory : "export");
    return true;
}

bool cmd_erase(struct cmd_context *ctx, struct err *e)
{
    struct erasing r = {.arena = ctx->arena};

    if (!take_person(ctx, &r, e) || !cmd_setup(ctx, false, e)) {
        return false;
    }
    cmd_warn_root(ctx);
    const char *path = ctx->config.database_path;
    struct db *read = db_open(path, DB_READ, e); /* it is never made */
    db_close(read);
    struct lock_file *locks = read ? take_locks(path, e) : NULL;
    r.db = ctx->db = locks ? db_open(path, DB_WRITE, e) : NULL;
    bool done = r.db && erase_has_room(r.db, e) && db_exec(r.db, embedded_dictionary[0].text, e) &&
                erase(ctx, &r, e);
    if (locks) {
        lock_close(locks);
    }
    return done;
}
