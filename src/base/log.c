#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum {
    LINE_BYTES = 16 * 1024,
    END_BYTES = 32, /* kept back for what ends a line that had to be cut */
    STATUS_BYTES = 1024,
};

/* To the start of the terminal's line, which is emptied. */
#define CLEAR_LINE "\r\033[K"

static enum log_level chosen_level = LOG_WARN;
static enum log_format chosen_format = LOG_TEXT;

static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static char status_line[STATUS_BYTES]; /* "": none; guarded by `writing` */

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

void log_setup(enum log_level level, enum log_format format)
{
    chosen_level = level;
    chosen_format = format;
}

/* Bare words need no quotes; "null" does, being what an absent text prints as. */
static bool is_bare(const char *text)
{
    return text[0] != '\0' && !str_eq(text, "null") && text[strspn(text, STR_VISIBLE)] == '\0' &&
           !strpbrk(text, "\"\\=");
}

/* Adds a text between quotes, as much as fits in whole characters; false when that is not all. */
static bool add_quoted(struct buf *line, const char *text)
{
    enum str_form form = chosen_format == LOG_JSON ? STR_LOG_JSON : STR_QUOTED;
    bool whole = str_write(line, form, text, strlen(text));

    line->max_bytes = LINE_BYTES;
    (void)buf_add_char(line, '"');
    line->max_bytes = LINE_BYTES - END_BYTES;
    return whole;
}

/* Adds one field; false when the line is full, which leaves it well-formed. */
static bool add_field(struct buf *line, const struct log_field *f)
{
    bool json = chosen_format == LOG_JSON;

    if (f->is_number) {
        return buf_add_printf(line, json ? ",\"%s\":%" PRId64 : " %s=%" PRId64, f->key, f->number);
    }
    if (!f->text) {
        return buf_add_printf(line, json ? ",\"%s\":null" : " %s=null", f->key);
    }
    if (!json && is_bare(f->text) && buf_add_printf(line, " %s=%s", f->key, f->text)) {
        return true;
    }
    /* The key goes in with the opening quote or not at all. */
    return buf_add_printf(line, json ? ",\"%s\":\"" : " %s=\"", f->key) &&
           add_quoted(line, f->text);
}

/* Writes bytes with the status line behind them, by one write; `writing` is held. A log that cannot
 * be written is no reason to stop. */
static void write_all(bool clear, const struct buf *line)
{
    struct iovec parts[] = {
        {.iov_base = CLEAR_LINE, .iov_len = clear ? strlen(CLEAR_LINE) : 0},
        {.iov_base = line->data, .iov_len = line->length},
        {.iov_base = status_line, .iov_len = strlen(status_line)},
    };

    while (writev(STDERR_FILENO, parts, COUNT_OF(parts)) < 0 && errno == EINTR) {
    }
}

void log_status(const char *text)
{
    int saved = errno;

    pthread_mutex_lock(&writing);
    if (text || status_line[0] != '\0') {
        (void)snprintf(status_line, sizeof(status_line), "%s", text ? text : "");
        write_all(true, &(struct buf){.data = NULL});
    }
    pthread_mutex_unlock(&writing);
    errno = saved;
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, int count)
{
    bool json = chosen_format == LOG_JSON;
    struct log_field what = LOG_S("event", event);
    int saved = errno;
    char now[CLOCK_ISO_BYTES];
    BUF_SCOPED struct buf line = buf_of(LINE_BYTES - END_BYTES);

    if (level > chosen_level) {
        return;
    }
    bool whole =
        buf_add_printf(&line, json ? "{\"time\":\"%s\",\"level\":\"%s\"" : "time=%s level=%s",
                       clock_format(clock_now_ms(), now), level_names[level]) &&
        add_field(&line, &what);
    for (int i = 0; whole && i < count; i++) {
        whole = add_field(&line, &fields[i]);
    }
    line.max_bytes = LINE_BYTES;
    if (!whole) {
        (void)buf_add_str(&line, json ? ",\"cut\":true" : " cut=true");
    }
    (void)buf_add_str(&line, json ? "}\n" : "\n");
    pthread_mutex_lock(&writing);
    write_all(status_line[0] != '\0', &line);
    pthread_mutex_unlock(&writing);
    errno = saved;
}
