#include "world.h"

#include "lock.h"
#include "when.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

struct world world = {
    .seed = 1,
    .first_day = 20454, /* 2026-01-01 */
    .days = 3,
    .per_day = 2000,
    .agents = 150,
    .queues = 12,
    .units = 4,
    .client_id = "00000000-0000-4000-8000-000000000001",
    .client_secret = "standin-secret",
    .token_seconds = 86399,
    .gzip = true,
    .page_cap = 1000,
    .users_page_cap = 100,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t told[TOLD_COUNT] = {
    [TOLD_NOW] = WHEN_NEVER,  [TOLD_AVAILABILITY] = WHEN_NEVER,   [TOLD_LAG] = 5 * WHEN_HOUR,
    [TOLD_DATE] = WHEN_NEVER, [TOLD_DIVISIONS] = WORLD_DIVISIONS, [TOLD_RETENTION] = 558};
static char denied[WORLD_MAX_DENY][128];
static int denied_count;

uint64_t world_key(enum thing kind, uint64_t i)
{
    return rng_pair(world.seed ^ ((uint64_t)kind << 56), i);
}

int world_find(enum thing kind, int count, const char *id)
{
    char one[RNG_UUID_SIZE];
    for (int i = 0; i < count; i++) {
        rng_uuid(world_key(kind, (uint64_t)i), one);
        if (strcmp(one, id) == 0) {
            return i;
        }
    }
    return -1;
}

struct rng world_rng(uint64_t salt, int agent, int64_t day, uint64_t what)
{
    return (struct rng){
        rng_pair(rng_pair(world.seed ^ salt, (uint64_t)agent), (uint64_t)day * 8 + what)};
}

const char *world_user_name(int agent, char out[64])
{
    static const char *const first[] = {"Mina", "Ji-woo",  "Noah",  "Zoë",   "Aarav", "Lucía",
                                        "Olu",  "Siobhán", "Yuki",  "Pavel", "Amira", "Tomás",
                                        "Ines", "Håkon",   "Chloe", "민준"};
    static const char *const last[] = {"Kim",    "O'Brien", "Nakamura", "Müller", "da Silva",
                                       "Novák",  "Okafor",  "Sørensen", "Park",   "Lefèvre",
                                       "Garcia", "Haddad",  "Smith"};
    struct rng r = {world_key(THING_OTHER, (uint64_t)agent)};
    const char *a = first[rng_below(&r, sizeof first / sizeof *first)];
    const char *b = last[rng_below(&r, sizeof last / sizeof *last)];
    if (agent % 17 == 4) {
        snprintf(out, 64, "%s, %s \"%d\"", b, a, agent);
    } else {
        snprintf(out, 64, "%s %s %d", a, b, agent);
    }
    return out;
}

const char *world_user_state(int agent)
{
    return agent % 25 == 11                       ? "inactive"
           : agent % 25 == 19 || agent % 50 == 43 ? "deleted"
                                                  : "active";
}

bool world_user_active(int agent)
{
    return world_user_state(agent)[0] == 'a';
}

const char *world_queue_name(int queue, char out[64])
{
    static const char *const names[] = {"Sales",   "Support", "Billing",     "Orders & Returns",
                                        "Claims",  "VIP",     "Tech, L2",    "Retention",
                                        "Onboard", "예약",    "Collections", "Back Office"};
    int n = (int)(sizeof names / sizeof *names);
    if (queue < n) {
        snprintf(out, 64, "%s", names[queue]);
    } else {
        snprintf(out, 64, "%s %d", names[queue % n], queue / n + 1);
    }
    return out;
}

static int moves(int agent, int64_t now, int which)
{
    return agent % 4 == which ? (int)when_day(now + WHEN_DAY / 2) : 0;
}

int world_unit_of(int agent, int64_t now)
{
    bool known = strcmp(world_user_state(agent), "deleted") != 0;
    return known ? (agent + moves(agent, now, 1)) % (world.units - 1) : -1;
}

int world_team_of(int agent, int64_t now)
{
    return agent % 5 != 1 ? (agent + moves(agent, now, 2)) % WORLD_TEAMS : -1;
}

const char *world_unit_zone(int unit)
{
    static const char *const zones[] = {"Europe/Berlin", "America/New_York", "Europe/Berlin",
                                        "Asia/Seoul"};
    return zones[(size_t)unit % (sizeof zones / sizeof *zones)];
}

void world_tell(enum told what, int64_t value)
{
    HOLD(lock);
    told[what] = value;
}

static int64_t get(enum told what)
{
    HOLD(lock);
    return told[what];
}

struct moment world_moment(void)
{
    int64_t now = get(TOLD_NOW), availability = get(TOLD_AVAILABILITY);
    now = now == WHEN_NEVER ? when_wall() : now;
    return (struct moment){now, availability == WHEN_NEVER ? now - get(TOLD_LAG) : availability};
}

int64_t world_date(void)
{
    int64_t date = get(TOLD_DATE);
    return date == WHEN_NEVER ? when_wall() : date == WORLD_DATE_IS_NOW ? world_moment().now : date;
}

int world_divisions(void)
{
    return (int)get(TOLD_DIVISIONS);
}

bool world_queue_granted(int queue)
{
    return queue % WORLD_DIVISIONS < world_divisions();
}

int world_retention(void)
{
    return (int)get(TOLD_RETENTION);
}

void world_clear_denied(void)
{
    HOLD(lock);
    denied_count = 0;
}

bool world_add_denied(const char *prefix, char *why, size_t size)
{
    (void)why;
    (void)size;
    HOLD(lock);
    bool room = denied_count < WORLD_MAX_DENY && strlen(prefix) < sizeof denied[0];
    if (room) {
        snprintf(denied[denied_count++], sizeof denied[0], "%s", prefix);
    }
    return room;
}

bool world_denied(const char *path)
{
    HOLD(lock);
    for (int i = 0; i < denied_count; i++) {
        if (world_path_matches(denied[i], path)) {
            return true;
        }
    }
    return false;
}

bool world_path_matches(const char *pattern, const char *path)
{
    char glob[264];
    size_t whole = strcspn(pattern, "$");
    snprintf(glob, sizeof glob, "%.*s%s", (int)whole, pattern, pattern[whole] ? "" : "*");
    return fnmatch(glob, path, 0) == 0;
}
