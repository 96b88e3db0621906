/* Participant attributes: free keys and values, as people's flows set them. */
#include "conv_json.h"
#include "fields.h"
#include "when.h"

#include <stdio.h>
#include <string.h>

#define LONGEST 1024 /* where the API cuts keys and values */

/* Words, separated by ^. */
static const char usual_names[] =
    "customerTier^ivr.menu^Case Number^lang^order id^account_no^optIn^source.url^"
    "callReason^Auth Level^csat^campaign code^crm_link^lastQueue^ScreenPopName^region^"
    "bot intent";
static const char odd_names[] =
    "key with \"quotes\"^유니코드 키^emoji 😀 key^line\nbreak^  leading blanks^=formula^a,b;c^"
    "tab\tkey^Ünïcödé^back\\slash^a^CASE number^case Number^__proto__^"
    "key.with.dots/and/slashes^'; DROP TABLE x; --";
static const char values[] =
    "gold^1^42^true^2026-01-05^ko-KR^Billing^N/A^https://crm.example.test/c/1?a=b&c=d^"
    "silver^007^3.14^agent^new^0^yes^bronze^+821055501234^^intent_pay_bill";
static const char odd_values[] =
    "=cmd|' /C calc'!A0^+1+1^-2+3^@SUM(A1:A2)^line one\nline two^tab\there^"
    "comma, \"quote\", end^안녕하세요 세계^😀👍🏽 multi^ "
    "^NULL^null^cr\r\nlf^control\001byte^"
    "{\"json\":true}^<b>html</b>";

static void fill(char out[LONGEST + 1], char first, uint64_t h)
{
    for (int i = 0; i < LONGEST; i++) {
        out[i] = (char)('a' + (char)((h + (uint64_t)i * 7) % 26));
    }
    out[0] = first;
    out[LONGEST] = '\0';
}

static void write_pair(struct jw *w, uint64_t h, unsigned n, bool ended)
{
    char name[LONGEST + 1], value[LONGEST + 1];
    uint64_t which = rng_pair(h, n);
    fields_word(usual_names, '^', h + n, name);
    fields_word(values, '^', which, value);
    if (which / 64 % 100 < 8) {
        fields_word(odd_names, '^', h + n, name);
    } else if (which / 64 % 1500 == 200) {
        fill(name, 'K', which);
    }
    if (which / 8192 % 100 < 8) {
        fields_word(odd_values, '^', which / 8192, value);
    } else if (which / 8192 % 1000 == 200) {
        fill(value, 'V', which);
    } else if (which / 8192 % 100 == 60) {
        snprintf(value, sizeof value, "%s", ended ? "closed" : "open");
    }
    JW(w, TEXT(name, value));
}

void attributes_json(struct jw *w, const struct conv *c, const struct participant *p, int64_t as_of)
{
    struct rng r = {rng_pair(p->key, 0xa77)};
    bool customer = strcmp(p->purpose, "customer") == 0;
    unsigned count = (unsigned)rng_below(&r, customer ? 10 : 3);
    uint64_t h = rng_next(&r);
    int64_t end = conv_end_at(c->period, c->period_count, as_of);
    if (c->showcase && customer) {
        count = 14;
    }
    if (count == 0 && rng_chance(&r, 500)) {
        return;
    }
    /* A map of free names has no unknown ones. */
    unsigned faults = w->faults;
    w->faults &= ~(unsigned)JW_UNKNOWN_FIELDS;
    jw_object(w, "attributes");
    w->faults = faults;
    for (unsigned n = 0; n < count; n++) {
        /* The last one is set by the flow's end; so it is absent while the conversation is open. */
        if (n + 1 == count && count > 4 && end == WHEN_NEVER) {
            break;
        }
        write_pair(w, h, n, end != WHEN_NEVER);
    }
    jw_end(w);
}
