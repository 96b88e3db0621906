-- The organization: divisions, teams, groups, places of work and presences.
-- Objects and arrays are JSON text.

-- Divisions, the parts of the organization that permissions go by.
CREATE TABLE division ( -- [* not selfUri]
    division_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the division
    name TEXT,                             -- [name] name as shown
    description TEXT,                      -- [description] free text
    home_division INTEGER,                 -- [homeDivision 0/1] whether it is the one that things fall into that name none
    object_counts TEXT,                    -- [objectCounts json] object: how many things of each kind it holds; NULL: not asked for
    deleted_at TEXT,                       -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                       -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER             -- run that last wrote the row
) WITHOUT ROWID;

-- Teams; a user is in one at most.
CREATE TABLE team ( -- [* not selfUri]
    team_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the team
    name TEXT,                         -- [name] name as shown
    division_id TEXT,                  -- [division.id] division it belongs to
    division_name TEXT,                -- [division.name] its name
    description TEXT,                  -- [description] free text
    date_created TEXT,                 -- [dateCreated time] when it was made
    date_modified TEXT,                -- [dateModified time] when it last changed
    member_count BIGINT,               -- [memberCount] how many members it has
    deleted_at TEXT,                   -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                   -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER         -- run that last wrote the row
) WITHOUT ROWID;

-- Who is in which team.
CREATE TABLE team_member ( -- [* not selfUri]
    team_id TEXT NOT NULL,      -- [@scope id] the team
    user_id TEXT NOT NULL,      -- [id id] the user
    name TEXT,                  -- [name personal] name of the user
    deleted_at TEXT,            -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,            -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER, -- run that last wrote the row
    PRIMARY KEY (team_id, user_id)
) WITHOUT ROWID;

-- Groups of users, as the directory shows them.
CREATE TABLE user_group ( -- [* not selfUri]
    user_group_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the group
    name TEXT,                               -- [name] name as shown
    description TEXT,                        -- [description] free text
    date_modified TEXT,                      -- [dateModified time] when it last changed
    member_count BIGINT,                     -- [memberCount] how many members it has
    state TEXT,                              -- [state] active, inactive or deleted
    version INTEGER,                         -- [version] the API's version of the record
    type TEXT,                               -- [type] official or social
    images TEXT,                             -- [images json] array: pictures
    addresses TEXT,                          -- [addresses json] array: telephone numbers and addresses
    rules_visible INTEGER,                   -- [rulesVisible 0/1] whether its rules are shown
    visibility TEXT,                         -- [visibility] public, owners or members: who sees it
    roles_enabled INTEGER,                   -- [rolesEnabled 0/1] whether it may hold roles
    include_owners INTEGER,                  -- [includeOwners 0/1] whether owners are members
    calls_enabled INTEGER,                   -- [callsEnabled 0/1] whether it may be called
    email TEXT,                              -- [email] e-mail address
    owners TEXT,                             -- [owners json] array: its owners
    deleted_at TEXT,                         -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                         -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER               -- run that last wrote the row
);

-- Places of work.
CREATE TABLE location ( -- [* not selfUri]
    location_id TEXT NOT NULL PRIMARY KEY,           -- [id] the API's id of the location
    name TEXT,                                       -- [name] name as shown
    contact_user_id TEXT,                            -- [contactUser.id] user to be asked about it
    emergency_number_e164 TEXT,                      -- [emergencyNumber.e164] number that an emergency call shows, with its country
    emergency_number_number TEXT,                    -- [emergencyNumber.number] the same, as it was typed
    emergency_number_type TEXT,                      -- [emergencyNumber.type] default or elin: whose number it is
    address_city TEXT,                               -- [address.city] city
    address_country TEXT,                            -- [address.country] country, as a code
    address_country_name TEXT,                       -- [address.countryName] country
    address_state TEXT,                              -- [address.state] state or province
    address_street1 TEXT,                            -- [address.street1] street
    address_street2 TEXT,                            -- [address.street2] second line of the address
    address_zipcode TEXT,                            -- [address.zipcode] postal code
    state TEXT,                                      -- [state] active or deleted
    notes TEXT,                                      -- [notes] free text
    version INTEGER,                                 -- [version] the API's version of the record
    path TEXT,                                       -- [path json] array: ids of the places that it is part of, the outermost first
    profile_image TEXT,                              -- [profileImage json] array: pictures of it
    floorplan_image TEXT,                            -- [floorplanImage json] array: plans of it
    address_verification_details_status TEXT,        -- [addressVerificationDetails.status] how the verification of the address stands
    address_verification_details_date_finished TEXT, -- [addressVerificationDetails.dateFinished time] when it ended
    address_verification_details_date_started TEXT,  -- [addressVerificationDetails.dateStarted time] when it began
    address_verification_details_service TEXT,       -- [addressVerificationDetails.service] who verifies it
    address_verified INTEGER,                        -- [addressVerified 0/1] whether the address is verified
    address_stored INTEGER,                          -- [addressStored 0/1] whether the address is stored for emergency calls
    images TEXT,                                     -- [images] pictures, as the API writes them
    deleted_at TEXT,                                 -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                                 -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                       -- run that last wrote the row
);

-- Presences that users choose among, deactivated ones too.
CREATE TABLE presence_definition ( -- [* not selfUri]
    presence_definition_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the presence
    name TEXT,                                        -- [name] name as shown
    type TEXT,                                        -- [type] User (the organization's own) or System
    language_labels TEXT,                             -- [languageLabels json] object: name by language
    system_presence TEXT,                             -- [systemPresence] system presence that it is a kind of: Available, Away, Busy...
    division_id TEXT,                                 -- [divisionId] division it belongs to
    deactivated INTEGER,                              -- [deactivated 0/1] whether it can no longer be chosen
    deleted_at TEXT,                                  -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                                  -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                        -- run that last wrote the row
);
