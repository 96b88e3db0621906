-- Users: agents and all others, with those who have left (state = 'deleted'), so that names stay.
-- Columns marked "expand" come only when the request asks for them; rollcall's does not, so they
-- are NULL unless the API sends them by itself. Objects and arrays are JSON text.
CREATE TABLE user (
    user_id TEXT NOT NULL PRIMARY KEY,  -- [id] the API's id of the user
    name TEXT,                          -- [name] name as shown
    division_id TEXT,                   -- [division.id] division the user belongs to
    division_name TEXT,                 -- [division.name] its name
    chat_jabber_id TEXT,                -- [chat.jabberId] address in the internal chat
    department TEXT,                    -- [department] department
    email TEXT,                         -- [email] e-mail address, also the login
    primary_contact_info TEXT,          -- [primaryContactInfo] array: one contact a medium, chosen from addresses
    addresses TEXT,                     -- [addresses] array: e-mail addresses and telephone numbers
    state TEXT,                         -- [state] active, inactive or deleted
    title TEXT,                         -- [title] job title
    username TEXT,                      -- [username] login name
    manager_id TEXT,                    -- [manager.id] the user's manager
    images TEXT,                        -- [images] array: portraits
    version INTEGER,                    -- [version] the API's version of the record
    certifications TEXT,                -- [certifications] array of text (expand)
    biography TEXT,                     -- [biography] object: free text about the person (expand)
    employer_info_official_name TEXT,   -- [employerInfo.officialName] name in the employer's records (expand)
    employer_info_employee_id TEXT,     -- [employerInfo.employeeId] the employer's number of the person (expand)
    employer_info_employee_type TEXT,   -- [employerInfo.employeeType] Full-time, Part-time, Contractor... (expand)
    employer_info_date_hire TEXT,       -- [employerInfo.dateHire] day of hire, as the API writes it (expand)
    preferred_name TEXT,                -- [preferredName] name the agent goes by
    routing_status TEXT,                -- [routingStatus] object: routing status of the moment (expand)
    presence TEXT,                      -- [presence] object: presence of the moment (expand)
    integration_presence TEXT,          -- [integrationPresence] object: presence in an integrated system (expand)
    conversation_summary TEXT,          -- [conversationSummary] object: conversations of the moment (expand)
    out_of_office TEXT,                 -- [outOfOffice] object: out-of-office notice (expand)
    geolocation TEXT,                   -- [geolocation] object: where the client is (expand)
    station TEXT,                       -- [station] object: stations associated with the user (expand)
    authorization TEXT,                 -- [authorization] object: roles and permissions (expand)
    profile_skills TEXT,                -- [profileSkills] array of text: skills of the profile, not of routing (expand)
    locations TEXT,                     -- [locations] array: places of work (expand)
    groups TEXT,                        -- [groups] array: groups the user is in (expand)
    team_id TEXT,                       -- [team.id] the user's team (expand)
    team_name TEXT,                     -- [team.name] its name (expand)
    work_plan_bid_ranks TEXT,           -- [workPlanBidRanks] object: ranks in bidding for work plans (expand)
    skills TEXT,                        -- [skills] array: routing skills with proficiency (expand)
    languages TEXT,                     -- [languages] array: routing languages with proficiency (expand)
    acd_auto_answer INTEGER,            -- [acdAutoAnswer] 0/1: whether routed interactions are answered by themselves
    language_preference TEXT,           -- [languagePreference] language of the user interface (expand)
    last_token_issued_date_issued TEXT, -- [lastTokenIssued.dateIssued] when the user last got a token (expand)
    date_last_login TEXT,               -- [dateLastLogin] last login with a password (expand)
    date_welcome_sent TEXT,             -- [dateWelcomeSent] when the welcome e-mail was sent (expand)
    row_hash INTEGER,                   -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER          -- run that last wrote the row
) STRICT;
