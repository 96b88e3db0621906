/* Quality: the evaluations and surveys that the conversations' records name, as of now, and their
 * forms. An evaluation is pending, then finished, then released, some are scored again days later,
 * some are deleted; a survey is sent, then finished. What comes of one follows from its key. */
#include "conv.h"
#include "fault.h"
#include "routes.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

enum { GROUPS = 2, QUESTIONS = 3, DELETED_AFTER = 20, RESCORED_AFTER = 10 };
#define NOT_KNOWN "The requested resource was not found."

/* The conversation in the path, if it is known by now. */
static bool find_conversation(const struct request *request, struct conv *c)
{
    static const char before[] = "/api/v2/quality/conversations/";
    const char *at = request->path + sizeof before - 1;
    char id[RNG_UUID_SIZE] = "";
    int64_t day;
    uint32_t index;
    size_t length = strcspn(at, "/");
    if (length >= sizeof id) {
        return false;
    }
    memcpy(id, at, length);
    if (!conv_find(id, &day, &index)) {
        return false;
    }
    conv_build(c, day, index);
    return c->arrive <= world_moment().now;
}

/* A user, of whom no more is said than must be. */
static void user(struct jw *w, const char *name, uint64_t key)
{
    JW(w, OBJECT(name), UUID("id", key), INT("version", 1), LINK("users", key), END);
}

/* A question of a form, and what is answered. */
static uint64_t question(uint64_t form, int group, int n)
{
    return rng_pair(form, 16u * (unsigned)group + (unsigned)n + 1u);
}

static void form_head(struct jw *w, const char *name, uint64_t key, bool survey)
{
    static const char *const divisions[] = {"Home", "Europe"};
    JW(w, OBJECT(name), UUID("id", key),
       TEXT("name", survey ? "After call, \"short\"" : "Quality \"A\", greeting"),
       OBJECT("division"), UUID("id", world_key(THING_DIVISION, key % 2)),
       TEXT("name", divisions[key % 2]), END,
       TIME("modifiedDate", (world.first_day - 30 - (int64_t)(key % 60)) * WHEN_DAY),
       BOOL("published", true), UUID("contextId", rng_pair(key, 1000)));
    if (survey) {
        JW(w, BOOL("disabled", key % 5 == 0), TEXT("language", "ko-KR"),
           TEXT("header", "<p>고객 만족</p>"), IF(key % 2), TEXT("footer", "Thank you"));
    } else {
        JW(w, TEXT("weightMode", key % 2 ? "SCALED" : "OFF"), OBJECT("evaluationSettings"),
           BOOL("revisionsEnabled", true), BOOL("disputesEnabled", false), END);
    }
}

static void form_question(struct jw *w, uint64_t form, int group, int n, bool survey)
{
    uint64_t key = question(form, group, n);
    JW(w, OBJECT(NULL), UUID("id", key), UUID("contextId", rng_pair(key, 1)),
       TEXT("text", n ? "Did the agent\nsolve it?" : "인사"), IF(n > 0),
       TEXT("helpText", "0, 5, 10"),
       TEXT("type", survey && n == 0 ? "npsQuestion" : "multipleChoiceQuestion"),
       BOOL("naEnabled", n == 1), ARRAY("answerOptions"));
    for (unsigned i = 0; i < 3; i++) {
        JW(w, OBJECT(NULL), UUID("id", rng_pair(key, 10 + i)), TEXT("text", i ? "yes" : "no"),
           INT("value", 5 * (int64_t)i), END);
    }
    JW(w, END, IF(!survey), BOOL("commentsRequired", n == 2), IF(!survey), BOOL("isKill", n == 2),
       IF(!survey), BOOL("isCritical", n >= 1), IF(survey && n == 2),
       INT("maxResponseCharacters", 500), END);
}

void quality_form(const struct request *request, struct reply *reply)
{
    struct jw *w = &reply->body;
    bool survey = strstr(request->path, "/surveys/") != NULL;
    enum thing kind = survey ? THING_SURVEY_FORM : THING_FORM;
    int number = world_find(kind, WORLD_FORMS, request->segment);
    uint64_t key = world_key(kind, (uint64_t)number);
    if (number < 0) {
        reply_error(reply, 404, "not.found", NOT_KNOWN);
        return;
    }
    w->faults = fault_document(request).jw_faults;
    form_head(w, NULL, key, survey);
    JW(w, ARRAY("questionGroups"));
    for (int g = 0; g < GROUPS; g++) {
        JW(w, OBJECT(NULL), UUID("id", rng_pair(key, 500u + (unsigned)g)),
           UUID("contextId", rng_pair(key, 600u + (unsigned)g)), TEXT("name", g ? "End" : "Start"),
           TEXT("type", "questionGroup"), BOOL("naEnabled", g == 1), IF(!survey),
           REAL("weight", g ? 0.25 : 0.75), IF(!survey), BOOL("manualWeight", true),
           ARRAY("questions"));
        for (int n = 0; n < QUESTIONS; n++) {
            form_question(w, key, g, n, survey);
        }
        JW(w, END, END);
    }
    JW(w, END, LINK(survey ? "quality/forms/surveys" : "quality/forms/evaluations", key), END);
}

/* Scores of all questions; `take` numbers the scoring. */
static void scores(struct jw *w, uint64_t key, uint64_t form, unsigned take, bool survey)
{
    jw_array(w, "questionGroupScores");
    for (int g = 0; g < GROUPS; g++) {
        double total = (double)(rng_pair(key, take * 8 + (unsigned)g) % 1000) / 10.0;
        JW(w, OBJECT(NULL), UUID("questionGroupId", rng_pair(form, 500u + (unsigned)g)),
           REAL("totalScore", total), REAL("maxTotalScore", 100.0), BOOL("markedNA", false),
           IF(!survey), REAL("totalCriticalScore", total / 2.0), IF(!survey),
           REAL("totalScoreUnweighted", total / 4.0), ARRAY("questionScores"));
        for (int n = 0; n < QUESTIONS; n++) {
            uint64_t q = question(form, g, n);
            unsigned chosen = (unsigned)(rng_pair(key ^ q, take) % 3);
            JW(w, OBJECT(NULL), UUID("questionId", q), UUID("answerId", rng_pair(q, 10 + chosen)),
               INT("score", 5 * (int64_t)chosen), BOOL("markedNA", n == 1 && chosen == 0),
               IF(!survey), BOOL("failedKillQuestion", n == 2 && chosen == 0),
               IF(!survey && chosen == 1), TEXT("comments", "so, \"so\"\n괜찮음"),
               IF(survey && n == 0), INT("npsScore", (int64_t)chosen * 5), IF(survey && n == 2),
               TEXT("freeTextAnswer", "좋아요, \"good\""), END);
        }
        JW(w, END, END);
    }
    jw_end(w);
}

static void write_scoring(struct jw *w, const struct extra *e, uint64_t form, unsigned take,
                          bool redacted)
{
    double total = (double)(rng_pair(e->key, take) % 1001) / 10.0;
    JW(w, OBJECT("answers"), REAL("totalScore", total), REAL("totalCriticalScore", total / 2.0),
       BOOL("anyFailedKillQuestions", e->key % 3 == 0), IF(!redacted),
       TEXT("comments", "well done"), IF(e->key % 4 == 0 && !redacted),
       TEXT("privateComments", "coach, \"soon\""));
    scores(w, e->key, form, take, false);
    JW(w, ARRAY("transcriptTopics"), END, END);
}

static void write_evaluation(struct jw *w, const struct conv *c, const struct extra *e, int64_t now)
{
    uint64_t form = world_key(THING_FORM, e->key % WORLD_FORMS);
    uint64_t evaluator = world_key(THING_USER, e->key % (uint64_t)world.agents);
    int64_t done = e->arrive + 12 * WHEN_HOUR, release = e->arrive + 2 * WHEN_DAY;
    int64_t rescore = e->arrive + RESCORED_AFTER * WHEN_DAY;
    bool finished = done <= now, released = release <= now && e->key % 7 != 0;
    bool rescored = e->key % 3 == 0 && rescore <= now, redacted = e->key % 8 == 0;
    int64_t changed = rescored ? rescore : released ? release : finished ? done : e->arrive;
    int64_t end = conv_end_at(c->period, c->period_count, now);
    JW(w, OBJECT(NULL), UUID("id", e->key), OBJECT("conversation"), ID("id", c->id), END);
    form_head(w, "evaluationForm", form, false);
    jw_end(w);
    user(w, "evaluator", evaluator);
    if (e->agent >= 0) {
        user(w, "agent", world_key(THING_USER, (uint64_t)e->agent));
    }
    JW(w, TEXT("status", finished ? "FINISHED" : e->key % 2 ? "PENDING" : "INPROGRESS"));
    if (finished) {
        write_scoring(w, e, form, rescored, redacted);
    }
    JW(w, REF("queue", "routing/queues", world_key(THING_QUEUE, (uint64_t)e->queue)),
       BOOL("agentHasRead", released && e->key % 2 == 0), IF(released),
       TIME("releaseDate", release), TIME("assignedDate", e->event), TIME("createdDate", e->event),
       TIME("changedDate", changed), IF(finished), TIME("submittedDate", done), ARRAY("mediaType"),
       TEXT(NULL, "CALL"), END, ARRAY("divisionIds"), UUID(NULL, world_key(THING_DIVISION, 0)), END,
       BOOL("rescore", rescored), TIME("conversationDate", c->start), IF(end != WHEN_NEVER),
       TIME("conversationEndDate", end), BOOL("neverRelease", e->key % 7 == 0),
       BOOL("assigned", true), IF(redacted), BOOL("redacted", true), BOOL("isScoringIndex", true),
       ARRAY("authorizedActions"), TEXT(NULL, "view"), END, OBJECT("evaluationSource"),
       TEXT("id", "p1"), TEXT("name", "Weekly, 2%"), TEXT("type", "Policy"), END,
       INT("disputeCount", 0), INT("version", rescored ? 2 : 1), END);
}

void quality_evaluation(const struct request *request, struct reply *reply)
{
    struct conv c;
    int64_t now = world_moment().now;
    bool known = find_conversation(request, &c);
    char id[RNG_UUID_SIZE];
    for (int i = 0; known && i < c.extra_count; i++) {
        const struct extra *e = &c.extra[i];
        bool deleted = e->key % 5 == 0 && e->arrive + DELETED_AFTER * WHEN_DAY <= now;
        rng_uuid(e->key, id);
        if (e->kind == EXTRA_EVALUATION && strcmp(id, request->segment) == 0 && e->arrive <= now &&
            !deleted) {
            reply->body.faults = fault_document(request).jw_faults;
            write_evaluation(&reply->body, &c, e, now);
            return;
        }
    }
    reply_error(reply, 404, "not.found", NOT_KNOWN);
}

static void write_survey(struct jw *w, const struct conv *c, const struct extra *e, int64_t now)
{
    uint64_t form = world_key(THING_SURVEY_FORM, e->key % WORLD_FORMS);
    int64_t done = e->arrive + WHEN_DAY;
    bool finished = done <= now && e->key % 4 != 0;
    uint64_t team = world_key(THING_TEAM, e->key % WORLD_TEAMS);
    JW(w, OBJECT(NULL), UUID("id", e->key), OBJECT("conversation"), ID("id", c->id), END);
    form_head(w, "surveyForm", form, true);
    jw_end(w);
    if (e->agent >= 0) {
        uint64_t agent = world_key(THING_USER, (uint64_t)e->agent);
        JW(w, OBJECT("agent"), UUID("id", agent), TEXT("name", "Agent"), LINK("users", agent), END);
    }
    JW(w, TEXT("status", finished ? "Finished" : "Sent"),
       REF("queue", "routing/queues", world_key(THING_QUEUE, (uint64_t)e->queue)));
    if (finished) {
        JW(w, OBJECT("answers"), REAL("totalScore", (double)(e->key % 1001) / 10.0),
           INT("npsScore", (int64_t)(e->key % 11)));
        scores(w, e->key, form, 0, true);
        JW(w, END, TIME("completedDate", done));
    }
    JW(w, OBJECT("agentTeam"), UUID("id", team), TEXT("name", "Team"), END,
       TEXT("surveyType", e->key % 2 ? "Web" : "Voice"), BOOL("missingRequiredAnswer", false), END);
}

void quality_surveys(const struct request *request, struct reply *reply)
{
    struct conv c;
    struct jw *w = &reply->body;
    int64_t now = world_moment().now;
    if (!find_conversation(request, &c)) {
        reply_error(reply, 404, "not.found", NOT_KNOWN);
        return;
    }
    w->faults = fault_document(request).jw_faults;
    jw_array(w, NULL);
    for (int i = 0; i < c.extra_count; i++) {
        if (c.extra[i].kind == EXTRA_SURVEY && c.extra[i].arrive <= now) {
            write_survey(w, &c, &c.extra[i], now);
        }
    }
    jw_end(w);
}
