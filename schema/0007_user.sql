-- Users: agents and all others, with those who have left (state = 'deleted'), so that names stay.
-- Columns marked "expand" come only when the request asks for them; rollcall's does not, so they
-- are NULL unless the API sends them by itself. Objects and arrays are JSON text.
CREATE TABLE user ( -- [* not selfUri manager.name manager.version]
    user_id TEXT NOT NULL PRIMARY KEY,  -- [id] the API's id of the user
    name TEXT,                          -- [name personal] name as shown
    division_id TEXT,                   -- [division.id] division the user belongs to
    division_name TEXT,                 -- [division.name] its name
    chat_jabber_id TEXT,                -- [chat.jabberId personal] address in the internal chat
    department TEXT,                    -- [department] department
    email TEXT,                         -- [email personal] e-mail address, also the login
    primary_contact_info TEXT,          -- [primaryContactInfo json personal] array: one contact a medium, chosen from addresses
    addresses TEXT,                     -- [addresses json personal] array: e-mail addresses and telephone numbers
    state TEXT,                         -- [state] active, inactive or deleted
    title TEXT,                         -- [title] job title
    username TEXT,                      -- [username personal] login name
    manager_id TEXT,                    -- [manager.id] the user's manager
    images TEXT,                        -- [images json personal] array: portraits
    version INTEGER,                    -- [version] the API's version of the record
    certifications TEXT,                -- [certifications json] array of text (expand)
    biography TEXT,                     -- [biography json personal] object: free text about the person (expand)
    employer_info_official_name TEXT,   -- [employerInfo.officialName personal] name in the employer's records (expand)
    employer_info_employee_id TEXT,     -- [employerInfo.employeeId personal] the employer's number of the person (expand)
    employer_info_employee_type TEXT,   -- [employerInfo.employeeType] Full-time, Part-time, Contractor... (expand)
    employer_info_date_hire TEXT,       -- [employerInfo.dateHire] day of hire, as the API writes it (expand)
    preferred_name TEXT,                -- [preferredName personal] name the agent goes by
    routing_status TEXT,                -- [routingStatus json moment] object: routing status of the moment (expand)
    presence TEXT,                      -- [presence json moment] object: presence of the moment (expand)
    integration_presence TEXT,          -- [integrationPresence json moment] object: presence in an integrated system (expand)
    conversation_summary TEXT,          -- [conversationSummary json moment] object: conversations of the moment (expand)
    out_of_office TEXT,                 -- [outOfOffice json moment personal] object: out-of-office notice (expand)
    geolocation TEXT,                   -- [geolocation json moment personal] object: where the client is (expand)
    station TEXT,                       -- [station json moment personal] object: stations associated with the user (expand)
    authorization TEXT,                 -- [authorization json] object: roles and permissions (expand)
    profile_skills TEXT,                -- [profileSkills json] array of text: skills of the profile, not of routing (expand)
    locations TEXT,                     -- [locations json] array: places of work (expand)
    groups TEXT,                        -- [groups json] array: groups the user is in (expand)
    team_id TEXT,                       -- [team.id] the user's team (expand)
    team_name TEXT,                     -- [team.name] its name (expand)
    work_plan_bid_ranks TEXT,           -- [workPlanBidRanks json] object: ranks in bidding for work plans (expand)
    skills TEXT,                        -- [skills json] array: routing skills with proficiency (expand)
    languages TEXT,                     -- [languages json] array: routing languages with proficiency (expand)
    acd_auto_answer INTEGER,            -- [acdAutoAnswer 0/1] whether routed interactions are answered by themselves
    language_preference TEXT,           -- [languagePreference] language of the user interface (expand)
    last_token_issued_date_issued TEXT, -- [lastTokenIssued.dateIssued time moment] when the user last got a token (expand)
    date_last_login TEXT,               -- [dateLastLogin time moment] last login with a password (expand)
    date_welcome_sent TEXT,             -- [dateWelcomeSent time] when the welcome e-mail was sent (expand)
    row_hash BIGINT,                    -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER          -- run that last wrote the row
);
