-- Customer surveys with their answers, one by one, of the conversations that name them (survey). A row whose
-- survey is gone stays, and says so in deleted_at.
CREATE TABLE survey_detail ( -- [* not selfUri agent.name conversation.selfUri]
    survey_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the survey
    conversation_day_start TEXT,         -- [@start] first instant of the UTC day on which its conversation began
    name TEXT,                           -- [name] name
    conversation_id TEXT,                -- [conversation.id whose] the conversation
    survey_form_id TEXT,                 -- [surveyForm.id] the form's version
    survey_form_name TEXT,               -- [surveyForm.name] its name
    survey_form_division_id TEXT,        -- [surveyForm.division.id] division of the form
    survey_form_division_name TEXT,      -- [surveyForm.division.name] its name
    survey_form_modified_date TEXT,      -- [surveyForm.modifiedDate time] when the form last changed
    survey_form_published INTEGER,       -- [surveyForm.published 0/1] whether it is published
    survey_form_disabled INTEGER,        -- [surveyForm.disabled 0/1] whether it is out of use
    survey_form_context_id TEXT,         -- [surveyForm.contextId] the form over all its versions
    survey_form_language TEXT,           -- [surveyForm.language] its language
    survey_form_header TEXT,             -- [surveyForm.header] text above the questions
    survey_form_footer TEXT,             -- [surveyForm.footer] text below them
    survey_form_question_groups TEXT,    -- [surveyForm.questionGroups json] array: its questions, where the API sends them here
    survey_form_published_versions TEXT, -- [surveyForm.publishedVersions json] object: its published versions
    survey_form_redacted INTEGER,        -- [surveyForm.redacted 0/1] 1: the client may not see all of the form
    agent_id TEXT,                       -- [agent.id] the agent it is about
    status TEXT,                         -- [status] Pending, Sent, InProgress, Finished, OptOut, Error or Expired
    queue_id TEXT,                       -- [queue.id] queue of the interaction
    answers_total_score REAL,            -- [answers.totalScore] score, percent
    answers_nps_score INTEGER,           -- [answers.npsScore] net promoter answer, 0 to 10
    completed_date TEXT,                 -- [completedDate time] when the customer finished it
    survey_error_details TEXT,           -- [surveyErrorDetails json personal] object: what went wrong with it
    agent_team_id TEXT,                  -- [agentTeam.id] the agent's team
    agent_team_name TEXT,                -- [agentTeam.name] its name
    agent_team_division_id TEXT,         -- [agentTeam.division.id] division of the team
    agent_team_division_name TEXT,       -- [agentTeam.division.name] its name
    agent_team_description TEXT,         -- [agentTeam.description] free text about the team
    agent_team_date_created TEXT,        -- [agentTeam.dateCreated time] when the team was made
    agent_team_date_modified TEXT,       -- [agentTeam.dateModified time moment] when it last changed
    agent_team_member_count BIGINT,      -- [agentTeam.memberCount moment] how many are in it
    survey_type TEXT,                    -- [surveyType] Web or Voice
    missing_required_answer INTEGER,     -- [missingRequiredAnswer 0/1] whether a question that must be answered was not
    flow_id TEXT,                        -- [flow.id] flow that asked
    deleted_at TEXT,                     -- when it was first missing from the answers; NULL while it is there
    row_hash BIGINT,                     -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER           -- run that last wrote the row
);

-- The scores of a group of questions.
CREATE TABLE survey_answer_group ( -- [answers.questionGroupScores[]]
    survey_id TEXT NOT NULL REFERENCES survey_detail, -- the survey
    group_no INTEGER NOT NULL,                        -- from 0 in the API's order
    question_group_id TEXT,                           -- [questionGroupId] group of questions in the form
    total_score REAL,                                 -- [totalScore] score
    max_total_score REAL,                             -- [maxTotalScore] most it could be
    marked_na INTEGER,                                -- [markedNA 0/1] whether it was marked not applicable
    system_marked_na INTEGER,                         -- [systemMarkedNA 0/1] whether the system did so
    PRIMARY KEY (survey_id, group_no)
) WITHOUT ROWID;

-- The answer to a question.
CREATE TABLE survey_answer ( -- [answers.questionGroupScores[].questionScores[]]
    survey_id TEXT NOT NULL REFERENCES survey_detail, -- the survey
    group_no INTEGER NOT NULL,                        -- group, from 0 in the API's order
    answer_no INTEGER NOT NULL,                       -- from 0 in the API's order
    question_group_id TEXT,                           -- [^questionGroupId] group of questions in the form
    question_id TEXT,                                 -- [questionId] question in the form
    answer_id TEXT,                                   -- [answerId] answer that was chosen
    score INTEGER,                                    -- [score] its score
    marked_na INTEGER,                                -- [markedNA 0/1] whether it was marked not applicable
    system_marked_na INTEGER,                         -- [systemMarkedNA 0/1] whether the system did so
    assisted_answer_id TEXT,                          -- [assistedAnswerId] answer that the system proposed
    nps_score INTEGER,                                -- [npsScore] net promoter answer, 0 to 10
    nps_text_answer TEXT,                             -- [npsTextAnswer personal] why, in the customer's words
    free_text_answer TEXT,                            -- [freeTextAnswer personal] the customer's words
    PRIMARY KEY (survey_id, group_no, answer_no)
) WITHOUT ROWID;

-- Versions of survey forms as surveys use them, with all their questions.
CREATE TABLE survey_form_detail ( -- [* not selfUri]
    survey_form_id TEXT NOT NULL PRIMARY KEY, -- [id] the form's version
    name TEXT,                                -- [name] its name
    division_id TEXT,                         -- [division.id] division of the form
    division_name TEXT,                       -- [division.name] its name
    modified_date TEXT,                       -- [modifiedDate time] when it last changed
    published INTEGER,                        -- [published 0/1] whether it is published
    disabled INTEGER,                         -- [disabled 0/1] whether it is out of use
    context_id TEXT,                          -- [contextId] the form over all its versions
    language TEXT,                            -- [language] its language
    header TEXT,                              -- [header] text above the questions
    footer TEXT,                              -- [footer] text below them
    published_versions TEXT,                  -- [publishedVersions json] object: its published versions
    redacted INTEGER,                         -- [redacted 0/1] 1: the client may not see all of it
    row_hash BIGINT,                          -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                -- run that last wrote the row
);

-- A form's groups of questions.
CREATE TABLE survey_form_group ( -- [questionGroups[]]
    survey_form_id TEXT NOT NULL REFERENCES survey_form_detail, -- the form's version
    group_no INTEGER NOT NULL,                                  -- from 0 in the API's order
    question_group_id TEXT,                                     -- [id] the group
    context_id TEXT,                                            -- [contextId] the group over all versions of the form
    name TEXT,                                                  -- [name] its name
    type TEXT,                                                  -- [type] kind of the group
    na_enabled INTEGER,                                         -- [naEnabled 0/1] whether it may be marked not applicable
    visibility_condition TEXT,                                  -- [visibilityCondition json] object: on which answers it shows
    PRIMARY KEY (survey_form_id, group_no)
) WITHOUT ROWID;

-- Its questions.
CREATE TABLE survey_form_question ( -- [questionGroups[].questions[]]
    survey_form_id TEXT NOT NULL REFERENCES survey_form_detail, -- the form's version
    group_no INTEGER NOT NULL,                                  -- group, from 0 in the API's order
    question_no INTEGER NOT NULL,                               -- from 0 in the API's order
    question_group_id TEXT,                                     -- [^id] the group
    question_id TEXT,                                           -- [id] the question
    context_id TEXT,                                            -- [contextId] the question over all versions of the form
    text TEXT,                                                  -- [text] the question
    help_text TEXT,                                             -- [helpText] help for who answers
    type TEXT,                                                  -- [type] multipleChoiceQuestion, freeTextQuestion, npsQuestion...
    na_enabled INTEGER,                                         -- [naEnabled 0/1] whether it may be marked not applicable
    visibility_condition TEXT,                                  -- [visibilityCondition json] object: on which answers it shows
    answer_options TEXT,                                        -- [answerOptions json] array: the answers there are, each with id, text and value
    max_response_characters INTEGER,                            -- [maxResponseCharacters] most characters of an answer in words
    explanation_prompt TEXT,                                    -- [explanationPrompt] what asks for the why
    PRIMARY KEY (survey_form_id, group_no, question_no)
) WITHOUT ROWID;

CREATE INDEX survey_detail_by_day ON survey_detail (conversation_day_start);
