#include "out/render.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "base/stop.h"
#include "base/str.h"
#include "io/json.h"
#include "io/xlsx.h"

enum {
    GAP = 2,              /* blanks between columns */
    NARROWEST = 10,       /* no text column is cut below this */
    MARK_WIDTH = 2,       /* of the ".." that ends a cut text */
    DEFAULT_COLUMNS = 80, /* of a terminal that does not say */
    MAX_COLUMNS = 100000,
    NUMBER_BYTES = 40,
    INDENT = 2,
    MARK_COLUMNS = 9,
    WORDS_WIDTH = 79,
    WORDS_WIDEST = 119,
};

/* db_next, unless a stop was asked for. */
static bool next_row(struct rows *q)
{
    if (q->ok && stop_requested()) {
        q->ok = err_set(q->e, ERR_STOPPED, "stopped by a signal");
    }
    return db_next(q);
}

/* --- tables: columns aligned, text escaped, East Asian characters two columns wide ------------
 *
 * Nothing in a cell can move the cursor or end a line; numbers are set to the right. A table that
 * is wider than the terminal leaves out what stands beside it in a form for people (an id beside a
 * name, UTC beside local time), folds its head and cuts its widest words, which end in ".."; where
 * that is not enough, each row is a block. Numbers, times and ids are never cut; of a number three
 * decimals are shown. */

struct field {
    const char *text; /* escaped */
    size_t length;
    size_t width; /* in terminal columns */
};

/* A column: how wide it is set, and what it holds but for the head. */
struct column {
    size_t width;
    size_t body; /* what its fields need */
    bool has_numbers;
    bool has_text;
    bool has_words; /* text that may be cut, unless there are ids too */
    bool has_ids;
    bool is_left_out;
    bool stands_in; /* for the one on its left: shows that where it is empty itself */
};

/* A table while it is gathered: its cells, row by row, the first row naming them. */
struct table {
    struct arena *arena;
    struct column *columns;
    size_t column_count;
    size_t head_count; /* fields that name the columns */
    struct field *fields;
    size_t count;
    size_t capacity;
};

/* Terminal columns of a text, as far as fits into `limit`; *bytes receives how much that is. */
static size_t text_width(const char *text, size_t length, size_t limit, size_t *bytes)
{
    size_t width = 0;
    size_t at = 0;

    while (at < length) {
        uint32_t code = 0;
        size_t step = utf8_next(text + at, length - at, &code);
        size_t more = utf8_width(code);

        if (width + more > limit) {
            break;
        }
        width += more;
        at += step > 0 ? step : 1;
    }
    *bytes = at;
    return width;
}

/* A number as a text, "" for what is none: for people, or the fewest digits that read back as the
 * same. */
static const char *number_text(const struct cell *c, bool for_people, char text[NUMBER_BYTES])
{
    double real = c->value.real;

    *text = '\0';
    if (c->type == CELL_INT) {
        (void)snprintf(text, NUMBER_BYTES, "%lld", (long long)c->value.integer);
    } else if (c->type == CELL_REAL && for_people) {
        (void)snprintf(text, NUMBER_BYTES, "%.10g", round(real * 1000) / 1000);
    } else if (c->type == CELL_REAL && isfinite(real)) {
        (void)snprintf(text, NUMBER_BYTES, "%.15g", real);
        if (strtod(text, NULL) != real) {
            (void)snprintf(text, NUMBER_BYTES, "%.17g", real);
        }
    }
    return text;
}

/* What a field says of its column. */
static void note(struct column *column, const struct field *f, enum cell_type type)
{
    bool is_text = type == CELL_TEXT && f->length > 0;
    /* Not words: an id, a time, a telephone number. */
    bool is_exact = strpbrk(f->text, "0123456789") &&
                    (!strchr(f->text, ' ') || isdigit((unsigned char)f->text[0]));

    column->body = f->width > column->body ? f->width : column->body;
    column->has_numbers = column->has_numbers || type == CELL_INT || type == CELL_REAL;
    column->has_text = column->has_text || is_text;
    column->has_words = column->has_words || (is_text && !is_exact);
    column->has_ids = column->has_ids || str_is_uuid(f->text);
}

static void add_cell(struct table *t, struct cell c)
{
    BUF_SCOPED struct buf escaped = buf_of(SIZE_MAX);
    char number[NUMBER_BYTES];
    const char *text = c.type == CELL_TEXT ? c.value.text : number_text(&c, true, number);

    (void)str_escape(&escaped, text, c.type == CELL_TEXT ? c.length : strlen(text));
    struct field f = {.text = arena_strndup(t->arena, buf_str(&escaped), escaped.length),
                      .length = escaped.length};
    f.width = text_width(f.text, f.length, SIZE_MAX, &f.length);
    if (t->count >= t->head_count) {
        note(&t->columns[t->count % t->column_count], &f, c.type);
    }
    if (t->count == t->capacity) {
        t->capacity = t->capacity > 0 ? t->capacity * 2 : 128;
        t->fields = xrealloc(t->fields, t->capacity * sizeof(*t->fields));
    }
    t->fields[t->count++] = f;
}

/* Numbers or nothing are set to the right. */
static bool is_numeric(const struct column *c)
{
    return c->has_numbers && !c->has_text;
}

/* A head's next part, which ends at '_' or a blank. */
static size_t head_part(const char *text)
{
    size_t length = strcspn(text, "_ ");

    return length + (text[length] != '\0');
}

/* Sets the columns as wide as they need, with folded heads; what all take together. */
static size_t measure(struct table *t, bool folded)
{
    size_t total = 0;

    for (size_t i = 0; i < t->column_count; i++) {
        struct column *c = &t->columns[i];
        const char *head = t->head_count > 0 ? t->fields[i].text : "";

        c->width = folded || t->head_count == 0 || c->body > t->fields[i].width
                       ? c->body
                       : t->fields[i].width;
        for (size_t part; folded && (part = head_part(head)) > 0; head += part) {
            c->width = part > c->width ? part : c->width;
        }
        total += c->is_left_out ? 0 : c->width + GAP;
    }
    return total - GAP;
}

/* Leaves out an id on the left of its name, and UTC on the left of local time. */
static void leave_out(struct table *t)
{
    for (size_t i = 0; i + 1 < t->head_count; i++) {
        const char *name = t->fields[i].text;
        const char *next = t->fields[i + 1].text;
        struct column *beside = &t->columns[i + 1];

        beside->stands_in = (str_ends_with(name, "_id") || str_ends_with(name, "_code")) &&
                            (str_ends_with(next, "_name") || str_eq(next, "agent"));
        t->columns[i].is_left_out =
            beside->stands_in || str_starts_with(name, "utc_") ||
            (str_starts_with(next, "local_") && str_ends_with(name, next + strlen("local_")));
        for (size_t f = i + t->column_count; beside->stands_in && f < t->count;
             f += t->column_count) {
            if (t->fields[f + 1].length == 0 && t->fields[f].width > beside->body) {
                beside->body = t->fields[f].width;
                beside->has_ids = true;
            }
        }
    }
}

/* Makes the table fit; false when it cannot. */
static bool fit(struct table *t, size_t width)
{
    size_t total = measure(t, false);

    if (width > 0 && total > width) {
        leave_out(t);
        total = measure(t, false);
    }
    if (width > 0 && total > width) {
        total = measure(t, true);
    }
    for (; width > 0 && total > width; total--) {
        struct column *widest = NULL;

        for (size_t i = 0; i < t->column_count; i++) {
            struct column *c = &t->columns[i];

            if (c->has_words && !c->has_ids && !c->is_left_out && c->width > NARROWEST &&
                (!widest || c->width > widest->width)) {
                widest = c;
            }
        }
        if (!widest) {
            return t->head_count == 0; /* a list's rows have no names to stand by themselves */
        }
        widest->width--;
    }
    return true;
}

/* Prints a field after the blanks that are owed, and leaves owed what comes behind it: so no line
 * ends in blanks. */
static void print_field(const struct field *field, const struct column *column, int *blanks,
                        FILE *out)
{
    size_t bytes = field->length;
    size_t width = field->width;
    bool cut = width > column->width;

    if (cut) {
        width = text_width(field->text, field->length, column->width - MARK_WIDTH, &bytes);
        width += MARK_WIDTH;
    }
    int rest = (int)(column->width - width);
    *blanks += is_numeric(column) ? rest : 0;
    if (width > 0) {
        (void)fprintf(out, "%*s", *blanks, "");
        *blanks = 0;
    }
    (void)fwrite(field->text, 1, bytes, out);
    (void)fputs(cut ? ".." : "", out);
    *blanks += (is_numeric(column) ? 0 : rest) + GAP;
}

static void end_line(int *blanks, FILE *out)
{
    (void)fputc('\n', out);
    *blanks = 0;
}

/* The columns' names, over as many lines as their widths ask for. */
static void print_head(const struct table *t, FILE *out)
{
    size_t *at = arena_array(t->arena, t->column_count, sizeof(*at));
    int blanks = 0;

    for (bool more = t->head_count > 0; more; end_line(&blanks, out)) {
        more = false;
        for (size_t i = 0; i < t->column_count; i++) {
            const char *text = t->fields[i].text + at[i];
            struct field line = {.text = text};

            for (size_t part = head_part(text);
                 part > 0 && (line.length == 0 || line.length + part <= t->columns[i].width);
                 part = head_part(text + line.length)) {
                line.length += part;
            }
            if (t->columns[i].is_left_out) {
                continue;
            }
            at[i] += line.length;
            more = more || text[line.length] != '\0';
            line.length -= line.length > 0 && text[line.length - 1] == ' ';
            line.width = line.length;
            print_field(&line, &t->columns[i], &blanks, out);
        }
    }
}

/* What is shown at a place. */
static const struct field *shown(const struct table *t, size_t i)
{
    const struct field *f = &t->fields[i];

    return t->columns[i % t->column_count].stands_in && f->length == 0 ? f - 1 : f;
}

/* The rows beneath the head or, each a block, a field a line behind its name. */
static void print_rows(const struct table *t, bool as_blocks, FILE *out)
{
    struct column names = {.width = 0};
    int blanks = 0;

    for (size_t i = 0; i < t->head_count; i++) {
        names.width = t->fields[i].width > names.width ? t->fields[i].width : names.width;
    }
    for (size_t i = t->head_count; i < t->count; i++) {
        size_t at = i % t->column_count;
        const struct column *c = &t->columns[at];
        struct column whole = {.width = shown(t, i)->width};

        (void)fputs(as_blocks && at == 0 && i > t->head_count ? "\n" : "", out);
        if (as_blocks && !c->is_left_out) {
            print_field(&t->fields[at], &names, &blanks, out);
        }
        if (!c->is_left_out) {
            print_field(shown(t, i), as_blocks ? &whole : c, &blanks, out);
        }
        if (as_blocks ? !c->is_left_out : at + 1 == t->column_count) {
            end_line(&blanks, out);
        }
    }
}

static void render_table(struct rows *q, const struct rendering *to, size_t *count)
{
    struct table t = {.arena = arena_new(0), .column_count = (size_t)db_column_count(q)};

    INVARIANT(t.column_count > 0);
    t.columns = arena_array(t.arena, t.column_count, sizeof(*t.columns));
    t.head_count = to->format == RENDER_TABLE ? t.column_count : 0;
    for (int i = 0; i < (int)t.head_count; i++) {
        add_cell(&t, cell_text(db_column_name(q, i)));
    }
    for (; next_row(q); (*count)++) {
        for (int i = 0; i < (int)t.column_count; i++) {
            add_cell(&t, db_cell(q, i, NULL));
        }
    }
    if (to->paged) {
        render_paged(to->out);
    }
    bool fits = fit(&t, (size_t)to->width);
    if (q->ok && fits) {
        print_head(&t, to->out);
    }
    if (q->ok) {
        print_rows(&t, !fits, to->out);
    }
    arena_free(t.arena);
    free(t.fields);
}

/* --- CSV -------------------------------------------------------------------------------------- */

void render_record(const struct rows *q, bool names, struct csv_writer *w)
{
    int columns = db_column_count(q);

    for (int i = 0; i < columns; i++) {
        csv_cell(w, names ? cell_text(db_column_name(q, i)) : db_cell(q, i, NULL));
    }
    csv_end_record(w);
}

static void render_csv(struct rows *q, const struct rendering *to, size_t *count)
{
    const struct csv_options options = {.escape = isatty(fileno(to->out)) == 1};
    struct csv_writer *w = csv_new(to->out, &options);

    render_record(q, true, w);
    for (; next_row(q) && !csv_failed(w); (*count)++) {
        render_record(q, false, w);
    }
    if (!csv_finish(w) && q->ok && to->file) {
        q->ok = file_fail(q->e, "write", to->file->path, errno);
    }
}

/* --- workbooks -------------------------------------------------------------------------------- */

static void render_xlsx(struct rows *q, const struct rendering *to, size_t *count)
{
    int columns = db_column_count(q);
    struct xlsx_writer *w = xlsx_new(to->file);

    for (int i = 0; i < columns; i++) {
        xlsx_cell(w, cell_text(db_column_name(q, i)));
    }
    q->ok = q->ok && xlsx_end_row(w, q->e);
    for (; next_row(q); (*count)++) {
        for (int i = 0; i < columns; i++) {
            xlsx_cell(w, db_cell(q, i, NULL));
        }
        q->ok = xlsx_end_row(w, q->e);
    }
    q->ok = xlsx_finish(w, q->ok, q->e) && q->ok;
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void add_value(struct buf *line, struct cell c)
{
    char text[NUMBER_BYTES];

    if (c.type == CELL_TEXT) {
        json_quote(line, c.value.text, c.length);
    } else {
        buf_add_str(line, *number_text(&c, false, text) ? text : "null");
    }
}

static void render_json(struct rows *q, const struct rendering *to, size_t *count)
{
    FILE *out = to->out;
    int columns = db_column_count(q);
    BUF_SCOPED struct buf line = buf_of(SIZE_MAX);

    (void)fputc('[', out);
    for (; next_row(q) && !ferror(out); (*count)++) {
        buf_cut(&line, 0);
        buf_add_str(&line, *count > 0 ? ",\n  {" : "\n  {");
        for (int i = 0; i < columns; i++) {
            buf_add_str(&line, i > 0 ? ", " : "");
            add_value(&line, cell_text(db_column_name(q, i)));
            buf_add_str(&line, ": ");
            add_value(&line, db_cell(q, i, NULL));
        }
        buf_add_char(&line, '}');
        (void)fwrite(line.data, 1, line.length, out);
    }
    if (q->ok) { /* what was cut off must not look whole */
        (void)fputs(*count > 0 ? "\n]\n" : "]\n", out);
    }
}

/* Behind the token that begins at `at`: a string, or a single character. */
static const char *after(const char *at)
{
    if (*at == '"') {
        for (at++; *at != '"'; at++) {
            at += *at == '\\';
        }
    }
    return at + 1;
}

/* Sets out a compact document over lines. */
static void put_document(const char *at, FILE *out)
{
    int depth = 0;
    bool flat = false; /* the object or array that is open holds no other: it stays on one line */

    while (*at) {
        const char *end = after(at);
        bool opens = *at == '{' || *at == '[';
        bool closes = *at == '}' || *at == ']';

        depth -= closes;
        if (closes && !flat) {
            (void)fprintf(out, "\n%*s", depth * INDENT, "");
        }
        (void)fwrite(at, 1, (size_t)(end - at), out);
        if (opens) {
            const char *next = end;
            while (!strchr("{[]}", *next)) {
                next = after(next);
            }
            flat = depth > 0 && (*next == ']' || *next == '}');
        } else {
            flat = flat && !closes;
        }
        depth += opens;
        if ((opens || *at == ',') && !flat) {
            (void)fprintf(out, "\n%*s", depth * INDENT, "");
        } else if (*at == ':' || *at == ',') {
            (void)fputc(' ', out);
        }
        at = end;
    }
    (void)fputc('\n', out);
}

/* --- words ------------------------------------------------------------------------------------ */

void render_words(FILE *out, const char *text, int indent, int at)
{
    bool first = true;                         /* of its line */
    int room = render_terminal_width(out) - 1; /* some terminals begin a new line at the last */
    int width = room > WORDS_WIDEST ? WORDS_WIDEST : room > indent ? room : WORDS_WIDTH;

    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        int length = (int)strcspn(text, " ");

        if (!first && at + 1 + length > width) {
            (void)fputc('\n', out);
            at = 0;
            first = true;
        }
        int blanks = first ? (at < indent ? indent - at : 0) : 1;
        (void)fprintf(out, "%*s%.*s", blanks, "", length, text);
        at += blanks + length;
        text += length;
        first = false;
    }
    (void)fputc('\n', out);
}

/* Told after a stop too: what was done till then. */
static void render_paragraphs(struct rows *q, const struct rendering *to, size_t *count)
{
    FILE *out = to->out;
    bool has_colours = render_has_colours(out);
    ARENA_SCOPED struct arena *a = arena_new(0);

    for (; db_next(q); (*count)++) {
        int indent = (int)db_int(q, 0);
        const char *mark = db_text(q, 1);

        if (mark) {
            const char *colour = has_colours ? arena_printf(a, "\033[%sm", db_text(q, 2)) : "";

            (void)fprintf(out, "%*s%s%s%s%*s", indent, "", colour, mark,
                          has_colours ? "\033[0m" : "", MARK_COLUMNS - (int)strlen(mark), "");
            indent += MARK_COLUMNS;
        }
        render_words(out, str_escaped(a, db_text(q, 3)), indent, indent);
    }
}

/* --- all of it ------------------------------------------------------------------------------- */

bool render_counted(struct rows q, const struct rendering *to, size_t *count)
{
    static void (*const forms[])(struct rows *, const struct rendering *, size_t *) = {
        [RENDER_TABLE] = render_table, [RENDER_LIST] = render_table,
        [RENDER_CSV] = render_csv,     [RENDER_JSON] = render_json,
        [RENDER_XLSX] = render_xlsx,   [RENDER_WORDS] = render_paragraphs};

    *count = 0;
    if (q.ok) {
        forms[to->format](&q, to, count);
    }
    return db_end(&q);
}

bool render_query(struct rows q, const struct rendering *to)
{
    size_t count;

    return render_counted(q, to, &count);
}

bool render_document(struct rows q, FILE *out)
{
    BUF_SCOPED struct buf safe = buf_of(SIZE_MAX); /* a path in it may be no UTF-8 */

    if (db_next(&q)) {
        const char *text = db_text(&q, 0);
        (void)str_write(&safe, STR_DOCUMENT, text, strlen(text));
        put_document(buf_str(&safe), out);
    }
    return db_end(&q);
}

bool render_lines(struct rows q, FILE *out)
{
    while (db_next(&q)) {
        (void)fprintf(out, "%s\n", db_text(&q, 0));
    }
    return db_end(&q);
}

/* --- the terminal, and the pager before it --------------------------------------------------- */

int render_terminal_width(FILE *file)
{
    const char *given = getenv("COLUMNS");
    struct winsize size = {0};
    int64_t columns = 0;

    if (isatty(fileno(file)) != 1) {
        return 0;
    }
    if (given && str_to_int64(given, 1, MAX_COLUMNS, &columns)) {
        return (int)columns;
    }
    return ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                          : DEFAULT_COLUMNS;
}

bool render_has_colours(FILE *file)
{
    const char *forbidden = getenv("NO_COLOR");

    return isatty(fileno(file)) == 1 && !str_eq(getenv("TERM"), "dumb") &&
           (!forbidden || *forbidden == '\0');
}

/* Of this process, as its standard output is; 0: none. */
static pid_t pager;

/* What the shell is to run: the reader's own choice or less, and cat where that is not there; NULL:
 * nothing. */
static const char *wanted(struct arena *a)
{
    const char *terminal = getenv("TERM");
    const char *own = getenv("ROLLCALL_PAGER");

    own = own ? own : getenv("PAGER");
    if (!terminal || str_eq(terminal, "dumb") || (own && (!*own || str_eq(own, "cat")))) {
        return NULL;
    }
    return own ? arena_printf(a, "(%s\n) || [ $? -ne 127 ] || exec cat", own)
               : "command -v less >/dev/null || exec cat; exec less";
}

/* The child's part. */
_Noreturn static void run_pager(const char *command, int input)
{
    (void)dup2(input, STDIN_FILENO);
    (void)close(input);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)setenv("LESS", "FRX", 0);
    (void)unsetenv("GENESYS_CLIENT_SECRET");
    (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

void render_paged(FILE *out)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *command = wanted(a);
    int ends[2];

    if (command && pager == 0 && out == stdout && isatty(STDOUT_FILENO) == 1 && pipe(ends) == 0) {
        pager = fork();
        if (pager == 0) {
            (void)close(ends[1]);
            run_pager(command, ends[0]);
        }
        if (pager > 0) {
            (void)dup2(ends[1], STDOUT_FILENO);
            (void)signal(SIGINT, SIG_IGN); /* it is the pager's */
        }
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
}

bool render_end(bool *by_reader)
{
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    *by_reader = !written && poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
    if (pager > 0) {
        (void)close(STDOUT_FILENO);
        while (waitpid(pager, NULL, 0) < 0 && errno == EINTR) {
            (void)kill(pager, SIGTERM);
        }
    }
    return written;
}
