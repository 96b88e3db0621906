/*
 * Quality: evaluations with their scores, one by one, and surveys with their answers, those of a
 * conversation at once, of the conversations that began in the window and name them (no list has
 * them all). They come late and are released and scored again for 90 days, so days are looked at
 * again at that age. Those that are gone keep their rows and say so.
 *
 * The forms' questions come with them: of each version that an evaluation or survey goes by, and of
 * those that the lists of forms have, once, and again when they changed.
 */
#include "maps.h"
#include "sql.h"
#include "streams/stream.h"

#define QUALITY "/api/v2/quality/"

/* An id a request; the answer `is` an object that `has` this ("."), or an array (""). */
#define SINGLE(route, is, has, name)                                                               \
    .steps = STEPS({.path = QUALITY route,                                                         \
                    .follow = FOLLOW_IDS,                                                          \
                    .size = 1,                                                                     \
                    .single = true,                                                                \
                    .rows = (is),                                                                  \
                    .must = (has),                                                                 \
                    .ids_as = (name)})

/* What both are: of conversations, and for 90 days they change. */
#define OF_CONVERSATIONS(map)                                                                      \
    .groups = "quality", .grid = GRID_UTC_DAY, .look_days = 93, .needs = "conversations",          \
    .trees = TREES(TREE(map))

#define FORMS(list, route, permission, map)                                                        \
    .plan = {.name = "forms", .whole = true}, .ids = (list), .permissions = (permission),          \
    .trees = TREES(TREE(map)), SINGLE(route, ".", "id", "formId")

const struct stream stream_evaluation_details = {
    .name = "evaluation_details",
    .title = "evaluations",
    .lock_slot = 32,
    OF_CONVERSATIONS(EVALUATION_DETAIL_TREE),
    PASSES({.plan = {.name = "evaluations"},
            .ids = sql_quality_evaluations,
            .one_in = 50,
            .permissions = "quality:evaluation:view quality:evaluation:assign "
                           "quality:evaluation:release",
            SINGLE("conversations/{id}/evaluations/{id2}", ".", "id", "evaluationId")},
           {FORMS(sql_quality_evaluation_forms, "forms/evaluations/{id}",
                  "quality:evaluationForm:view", EVALUATION_FORM_DETAIL_TREE)}),
};

const struct stream stream_survey_details = {
    .name = "survey_details",
    .title = "surveys",
    .lock_slot = 33,
    OF_CONVERSATIONS(SURVEY_DETAIL_TREE),
    PASSES({.plan = {.name = "surveys"},
            .ids = sql_quality_surveys,
            .one_in = 50,
            .permissions = "quality:survey:view",
            SINGLE("conversations/{id}/surveys", "", NULL, "conversationId")},
           {FORMS(sql_quality_survey_forms, "forms/surveys/{id}", "quality:surveyForm:view",
                  SURVEY_FORM_DETAIL_TREE)}),
};
