-- Quality evaluations with their scores, one by one, of the conversations that name them (evaluation). A row
-- whose evaluation is gone stays, and says so in deleted_at. Those in the analytics records spell the status
-- another way (Finished).
CREATE TABLE evaluation_detail ( -- [* not selfUri conversation.selfUri evaluator.name evaluator.version agent.name agent.version assignee.name assignee.version queue.name]
    evaluation_id TEXT NOT NULL PRIMARY KEY,       -- [id] the API's id of the evaluation
    conversation_day_start TEXT,                   -- [@start] first instant of the UTC day on which its conversation began
    name TEXT,                                     -- [name] name
    conversation_id TEXT,                          -- [conversation.id] the conversation
    evaluation_form_id TEXT,                       -- [evaluationForm.id] the form's version
    evaluation_form_name TEXT,                     -- [evaluationForm.name] its name
    evaluation_form_division_id TEXT,              -- [evaluationForm.division.id] division of the form
    evaluation_form_division_name TEXT,            -- [evaluationForm.division.name] its name
    evaluation_form_modified_date TEXT,            -- [evaluationForm.modifiedDate time] when the form last changed
    evaluation_form_published INTEGER,             -- [evaluationForm.published 0/1] whether it is published
    evaluation_form_context_id TEXT,               -- [evaluationForm.contextId] the form over all its versions
    evaluation_form_question_groups TEXT,          -- [evaluationForm.questionGroups json] array: its questions, where the API sends them here
    evaluation_form_weight_mode TEXT,              -- [evaluationForm.weightMode] SCALED or OFF
    evaluation_form_evaluation_settings TEXT,      -- [evaluationForm.evaluationSettings json] object: revisions and disputes
    evaluation_form_published_versions TEXT,       -- [evaluationForm.publishedVersions json] object: its published versions
    evaluation_form_latest_version_form_name TEXT, -- [evaluationForm.latestVersionFormName] the latest version's name
    evaluation_form_ai_scoring TEXT,               -- [evaluationForm.aiScoring json] object: scoring by machine
    evaluation_form_dialect TEXT,                  -- [evaluationForm.dialect] language of scoring by machine
    evaluator_id TEXT,                             -- [evaluator.id] who evaluates
    agent_id TEXT,                                 -- [agent.id] the agent evaluated
    calibration_id TEXT,                           -- [calibration.id] calibration it belongs to
    status TEXT,                                   -- [status] PENDING, INPROGRESS, FINISHED, INREVIEW or RETRACTED
    answers_total_score REAL,                      -- [answers.totalScore] score, percent
    answers_total_critical_score REAL,             -- [answers.totalCriticalScore] score of the critical questions, percent
    answers_max_total_raw_critical_score REAL,     -- [answers.maxTotalRawCriticalScore] most that the critical questions could score, unweighted
    answers_max_total_raw_score REAL,              -- [answers.maxTotalRawScore] most that all questions could score, unweighted
    answers_total_non_critical_score REAL,         -- [answers.totalNonCriticalScore] score of the other questions, percent
    answers_any_failed_kill_questions INTEGER,     -- [answers.anyFailedKillQuestions 0/1] whether a question was failed that fails the whole
    answers_comments TEXT,                         -- [answers.comments personal] the evaluator's comments
    answers_private_comments TEXT,                 -- [answers.privateComments personal] comments that the agent does not see
    answers_agent_comments TEXT,                   -- [answers.agentComments personal] the agent's comments
    answers_transcript_topics TEXT,                -- [answers.transcriptTopics json personal] array: topics found in the transcript
    agent_has_read INTEGER,                        -- [agentHasRead 0/1] whether the agent has read it
    assignee_id TEXT,                              -- [assignee.id] to whom it is assigned
    assignee_applicable INTEGER,                   -- [assigneeApplicable 0/1] whether an assignee was to be found
    release_date TEXT,                             -- [releaseDate time] when the agent may see it
    assigned_date TEXT,                            -- [assignedDate time] when it was assigned
    created_date TEXT,                             -- [createdDate time] when it was made
    changed_date TEXT,                             -- [changedDate time] when it last changed
    submitted_date TEXT,                           -- [submittedDate time] when it was submitted
    revision_created_date TEXT,                    -- [revisionCreatedDate time] when its revision was made
    queue_id TEXT,                                 -- [queue.id] queue of the interaction
    media_type TEXT,                               -- [mediaType json] array of text: CALL, CHAT, EMAIL...
    division_ids TEXT,                             -- [divisionIds json] array of text: divisions of the conversation
    rescore INTEGER,                               -- [rescore 0/1] whether it is a score made again
    conversation_date TEXT,                        -- [conversationDate time] when the conversation began
    conversation_end_date TEXT,                    -- [conversationEndDate time] when it ended
    never_release INTEGER,                         -- [neverRelease 0/1] whether the agent never sees it
    assigned INTEGER,                              -- [assigned 0/1] whether it was assigned by hand
    date_assignee_changed TEXT,                    -- [dateAssigneeChanged time] when the assignee last changed
    resource_id TEXT,                              -- [resourceId] the part of the conversation that is evaluated
    resource_type TEXT,                            -- [resourceType] what that is: EMAIL
    redacted INTEGER,                              -- [redacted 0/1] 1: the client may not see all of it; what lacks here is kept from it
    is_scoring_index INTEGER,                      -- [isScoringIndex 0/1] whether it counts in the scores
    authorized_actions TEXT,                       -- [authorizedActions json] array of text: what the client might do with it
    has_assistance_failed INTEGER,                 -- [hasAssistanceFailed 0/1] whether assisted answers failed
    evaluation_source_id TEXT,                     -- [evaluationSource.id] what made it: a policy, a user, a program
    evaluation_source_name TEXT,                   -- [evaluationSource.name] its name
    evaluation_source_type TEXT,                   -- [evaluationSource.type] Policy, User, Program or Unknown
    dispute_count BIGINT,                          -- [disputeCount] times the agent disputed it
    version INTEGER,                               -- [version] number of its version
    version_history TEXT,                          -- [versionHistory json] object: its versions
    declined_review INTEGER,                       -- [declinedReview 0/1] whether a review was declined
    evaluation_context_id TEXT,                    -- [evaluationContextId] the evaluation over all its versions
    retracted_evaluation_id TEXT,                  -- [retractedEvaluation.id] the evaluation that this one took the place of
    ai_scoring_failure_type TEXT,                  -- [aiScoring.failureType] why scoring by machine failed
    ai_scoring_pending INTEGER,                    -- [aiScoring.pending 0/1] whether scoring by machine is under way
    ai_scoring_date_last_changed TEXT,             -- [aiScoring.dateLastChanged time] when that last changed
    deleted_at TEXT,                               -- when it was first missing from the answers; NULL while it is there
    row_hash BIGINT,                               -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                     -- run that last wrote the row
);

-- The scores of a group of questions.
CREATE TABLE evaluation_answer_group ( -- [answers.questionGroupScores[]]
    evaluation_id TEXT NOT NULL REFERENCES evaluation_detail, -- the evaluation
    group_no INTEGER NOT NULL,                                -- from 0 in the API's order
    question_group_id TEXT,                                   -- [questionGroupId] group of questions in the form
    total_score REAL,                                         -- [totalScore] score, weighted
    max_total_score REAL,                                     -- [maxTotalScore] most it could be
    marked_na INTEGER,                                        -- [markedNA 0/1] whether it was marked not applicable
    system_marked_na INTEGER,                                 -- [systemMarkedNA 0/1] whether the system did so
    total_critical_score REAL,                                -- [totalCriticalScore] score of the critical questions, weighted
    max_total_critical_score REAL,                            -- [maxTotalCriticalScore] most it could be
    total_non_critical_score REAL,                            -- [totalNonCriticalScore] score of the others, weighted
    max_total_non_critical_score REAL,                        -- [maxTotalNonCriticalScore] most it could be
    total_score_unweighted REAL,                              -- [totalScoreUnweighted] score, unweighted
    max_total_score_unweighted REAL,                          -- [maxTotalScoreUnweighted] most it could be
    total_critical_score_unweighted REAL,                     -- [totalCriticalScoreUnweighted] score of the critical questions, unweighted
    max_total_critical_score_unweighted REAL,                 -- [maxTotalCriticalScoreUnweighted] most it could be
    total_non_critical_score_unweighted REAL,                 -- [totalNonCriticalScoreUnweighted] score of the others, unweighted
    max_total_non_critical_score_unweighted REAL,             -- [maxTotalNonCriticalScoreUnweighted] most it could be
    PRIMARY KEY (evaluation_id, group_no)
) WITHOUT ROWID;

-- The score of a question.
CREATE TABLE evaluation_answer ( -- [answers.questionGroupScores[].questionScores[]]
    evaluation_id TEXT NOT NULL REFERENCES evaluation_detail, -- the evaluation
    group_no INTEGER NOT NULL,                                -- group, from 0 in the API's order
    answer_no INTEGER NOT NULL,                               -- from 0 in the API's order
    question_group_id TEXT,                                   -- [^questionGroupId] group of questions in the form
    question_id TEXT,                                         -- [questionId] question in the form
    answer_id TEXT,                                           -- [answerId] answer that was chosen
    score INTEGER,                                            -- [score] its score
    marked_na INTEGER,                                        -- [markedNA 0/1] whether it was marked not applicable
    system_marked_na INTEGER,                                 -- [systemMarkedNA 0/1] whether the system did so
    assisted_answer_id TEXT,                                  -- [assistedAnswerId] answer that the system proposed
    failed_kill_question INTEGER,                             -- [failedKillQuestion 0/1] whether it fails the whole evaluation
    comments TEXT,                                            -- [comments personal] comments
    ai_answer_answer_id TEXT,                                 -- [aiAnswer.answerId] answer by machine
    ai_answer_explanation TEXT,                               -- [aiAnswer.explanation personal] why
    ai_answer_failure_type TEXT,                              -- [aiAnswer.failureType] why there is none
    ai_answer_marked_not_applicable INTEGER,                  -- [aiAnswer.markedNotApplicable 0/1] whether the machine found it not applicable
    multiple_select_question_option_scores TEXT,              -- [multipleSelectQuestionOptionScores json] array: the scores of its options, each like a question
    PRIMARY KEY (evaluation_id, group_no, answer_no)
) WITHOUT ROWID;

-- Versions of evaluation forms as evaluations use them, with all their questions.
CREATE TABLE evaluation_form_detail ( -- [* not selfUri]
    evaluation_form_id TEXT NOT NULL PRIMARY KEY, -- [id] the form's version
    name TEXT,                                    -- [name] its name
    division_id TEXT,                             -- [division.id] division of the form
    division_name TEXT,                           -- [division.name] its name
    modified_date TEXT,                           -- [modifiedDate time] when it last changed
    published INTEGER,                            -- [published 0/1] whether it is published
    context_id TEXT,                              -- [contextId] the form over all its versions
    weight_mode TEXT,                             -- [weightMode] SCALED or OFF
    evaluation_settings TEXT,                     -- [evaluationSettings json] object: revisions and disputes
    published_versions TEXT,                      -- [publishedVersions json] object: its published versions
    latest_version_form_name TEXT,                -- [latestVersionFormName] the latest version's name
    ai_scoring TEXT,                              -- [aiScoring json] object: scoring by machine
    dialect TEXT,                                 -- [dialect] language of scoring by machine
    row_hash BIGINT,                              -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                    -- run that last wrote the row
);

-- A form's groups of questions.
CREATE TABLE evaluation_form_group ( -- [questionGroups[]]
    evaluation_form_id TEXT NOT NULL REFERENCES evaluation_form_detail, -- the form's version
    group_no INTEGER NOT NULL,                                          -- from 0 in the API's order
    question_group_id TEXT,                                             -- [id] the group
    context_id TEXT,                                                    -- [contextId] the group over all versions of the form
    name TEXT,                                                          -- [name] its name
    type TEXT,                                                          -- [type] kind of the group
    default_answers_to_highest INTEGER,                                 -- [defaultAnswersToHighest 0/1] whether answers begin with the highest
    default_answers_to_na INTEGER,                                      -- [defaultAnswersToNA 0/1] whether they begin with not applicable
    na_enabled INTEGER,                                                 -- [naEnabled 0/1] whether it may be marked not applicable
    weight REAL,                                                        -- [weight] its weight
    manual_weight INTEGER,                                              -- [manualWeight 0/1] whether that was set by hand
    visibility_condition TEXT,                                          -- [visibilityCondition json] object: on which answers it shows
    default_answers_to TEXT,                                            -- [defaultAnswersTo json] object: what answers begin with
    PRIMARY KEY (evaluation_form_id, group_no)
) WITHOUT ROWID;

-- Its questions.
CREATE TABLE evaluation_form_question ( -- [questionGroups[].questions[]]
    evaluation_form_id TEXT NOT NULL REFERENCES evaluation_form_detail, -- the form's version
    group_no INTEGER NOT NULL,                                          -- group, from 0 in the API's order
    question_no INTEGER NOT NULL,                                       -- from 0 in the API's order
    question_group_id TEXT,                                             -- [^id] the group
    question_id TEXT,                                                   -- [id] the question
    context_id TEXT,                                                    -- [contextId] the question over all versions of the form
    text TEXT,                                                          -- [text] the question
    help_text TEXT,                                                     -- [helpText] help for who answers
    type TEXT,                                                          -- [type] multipleChoiceQuestion, freeTextQuestion, npsQuestion...
    na_enabled INTEGER,                                                 -- [naEnabled 0/1] whether it may be marked not applicable
    comments_required INTEGER,                                          -- [commentsRequired 0/1] whether comments are
    visibility_condition TEXT,                                          -- [visibilityCondition json] object: on which answers it shows
    answer_options TEXT,                                                -- [answerOptions json] array: the answers there are, each with id, text and value
    multiple_select_option_questions TEXT,                              -- [multipleSelectOptionQuestions json] array: its options, each like a question
    default_answer TEXT,                                                -- [defaultAnswer json] object: what it begins with
    automated_scoring_focus TEXT,                                       -- [automatedScoringFocus] what the machine goes by: FullInteraction or EvaluatedAgent
    is_kill INTEGER,                                                    -- [isKill 0/1] whether failing it fails the whole
    is_critical INTEGER,                                                -- [isCritical 0/1] whether it is critical
    PRIMARY KEY (evaluation_form_id, group_no, question_no)
) WITHOUT ROWID;

CREATE INDEX evaluation_detail_by_day ON evaluation_detail (conversation_day_start);
