-- Forms of evaluations and surveys.
-- Objects and arrays are JSON text.

-- Forms that evaluations are made with: the latest version of each.
CREATE TABLE evaluation_form ( -- [* not selfUri]
    evaluation_form_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the form
    name TEXT,                                    -- [name] name as shown
    division_id TEXT,                             -- [division.id] division it belongs to
    division_name TEXT,                           -- [division.name] its name
    modified_date TEXT,                           -- [modifiedDate time] when it last changed
    published INTEGER,                            -- [published 0/1] whether it is published
    context_id TEXT,                              -- [contextId] what all versions of the form share
    question_groups TEXT,                         -- [questionGroups json] array: questions; NULL: lists do not bring them
    weight_mode TEXT,                             -- [weightMode] SCALED or OFF: how groups are weighed
    evaluation_settings TEXT,                     -- [evaluationSettings json] object: settings of evaluations made with it
    published_versions TEXT,                      -- [publishedVersions json] object: its published versions
    latest_version_form_name TEXT,                -- [latestVersionFormName] name of the latest version
    ai_scoring TEXT,                              -- [aiScoring json] object: how machines score it
    dialect TEXT,                                 -- [dialect] language of the form
    deleted_at TEXT,                              -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                              -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                    -- run that last wrote the row
);

-- Forms that surveys are made with: the latest version of each.
CREATE TABLE survey_form ( -- [* not selfUri]
    survey_form_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the form
    name TEXT,                                -- [name] name as shown
    division_id TEXT,                         -- [division.id] division it belongs to
    division_name TEXT,                       -- [division.name] its name
    modified_date TEXT,                       -- [modifiedDate time] when it last changed
    published INTEGER,                        -- [published 0/1] whether it is published
    disabled INTEGER,                         -- [disabled 0/1] whether it is out of use
    context_id TEXT,                          -- [contextId] what all versions of the form share
    language TEXT,                            -- [language] language of the form
    header TEXT,                              -- [header] text above the questions
    footer TEXT,                              -- [footer] text below them
    question_groups TEXT,                     -- [questionGroups json] array: questions; NULL: lists do not bring them
    published_versions TEXT,                  -- [publishedVersions json] object: its published versions
    redacted INTEGER,                         -- [redacted 0/1] whether the client may not see all of it
    deleted_at TEXT,                          -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                          -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                -- run that last wrote the row
);
