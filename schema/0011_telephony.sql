-- Telephony: sites, edges, stations, numbers and trunks.
-- Objects and arrays are JSON text.

-- Sites of telephony.
CREATE TABLE site ( -- [* not selfUri]
    site_id TEXT NOT NULL PRIMARY KEY,       -- [id] the API's id of the site
    name TEXT,                               -- [name] name as shown
    division_id TEXT,                        -- [division.id] division it belongs to
    division_name TEXT,                      -- [division.name] its name
    description TEXT,                        -- [description] free text
    version INTEGER,                         -- [version] the API's version of the record
    date_created TEXT,                       -- [dateCreated time] when it was made
    date_modified TEXT,                      -- [dateModified time] when it last changed
    modified_by TEXT,                        -- [modifiedBy] user who changed it
    created_by TEXT,                         -- [createdBy] user who made it
    state TEXT,                              -- [state] active, inactive or deleted
    modified_by_app TEXT,                    -- [modifiedByApp] application that changed it
    created_by_app TEXT,                     -- [createdByApp] application that made it
    primary_sites TEXT,                      -- [primarySites json] array: sites that serve it first
    secondary_sites TEXT,                    -- [secondarySites json] array: sites that serve it else
    primary_edges TEXT,                      -- [primaryEdges json] array: edges that serve it first
    secondary_edges TEXT,                    -- [secondaryEdges json] array: edges that serve it else
    addresses TEXT,                          -- [addresses json] array: telephone numbers and addresses
    edges TEXT,                              -- [edges json] array: its edges
    edge_auto_update_config_time_zone TEXT,  -- [edgeAutoUpdateConfig.timeZone] time zone of updates
    edge_auto_update_config_rrule TEXT,      -- [edgeAutoUpdateConfig.rrule] when edges are updated, iCalendar
    edge_auto_update_config_start TEXT,      -- [edgeAutoUpdateConfig.start] begin of updates, local time
    edge_auto_update_config_end TEXT,        -- [edgeAutoUpdateConfig.end] end of updates, local time
    media_regions_use_latency_based INTEGER, -- [mediaRegionsUseLatencyBased 0/1] whether the nearest media region is used
    location TEXT,                           -- [location json] object: where it is
    managed INTEGER,                         -- [managed 0/1] whether the vendor manages it
    ntp_settings TEXT,                       -- [ntpSettings json] object: time servers
    media_model TEXT,                        -- [mediaModel] Premises or Cloud
    core_site INTEGER,                       -- [coreSite 0/1] whether it is the core site
    site_connections TEXT,                   -- [siteConnections json] array: sites it is connected with
    media_regions TEXT,                      -- [mediaRegions json] array of text: media regions in their order
    caller_id TEXT,                          -- [callerId] number that calls show
    caller_name TEXT,                        -- [callerName] name that calls show
    cloud_proxy_force_turn INTEGER,          -- [cloudProxyForceTurn 0/1] whether media go over relays
    deleted_at TEXT,                         -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                         -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER               -- run that last wrote the row
);

-- Edges: the machines that carry calls.
CREATE TABLE edge ( -- [* not selfUri]
    edge_id TEXT NOT NULL PRIMARY KEY,   -- [id] the API's id of the edge
    name TEXT,                           -- [name] name as shown
    division_id TEXT,                    -- [division.id] division it belongs to
    division_name TEXT,                  -- [division.name] its name
    description TEXT,                    -- [description] free text
    version INTEGER,                     -- [version] the API's version of the record
    date_created TEXT,                   -- [dateCreated time] when it was made
    date_modified TEXT,                  -- [dateModified time] when it last changed
    modified_by TEXT,                    -- [modifiedBy] user who changed it
    created_by TEXT,                     -- [createdBy] user who made it
    state TEXT,                          -- [state] active, inactive or deleted
    modified_by_app TEXT,                -- [modifiedByApp] application that changed it
    created_by_app TEXT,                 -- [createdByApp] application that made it
    interfaces TEXT,                     -- [interfaces json] array: network interfaces
    make TEXT,                           -- [make] maker
    model TEXT,                          -- [model] model
    api_version TEXT,                    -- [apiVersion] version of its interface
    software_version TEXT,               -- [softwareVersion] version of its software
    software_version_timestamp TEXT,     -- [softwareVersionTimestamp] when that was made
    software_version_platform TEXT,      -- [softwareVersionPlatform] platform of its software
    software_version_configuration TEXT, -- [softwareVersionConfiguration] configuration of its software
    full_software_version TEXT,          -- [fullSoftwareVersion] whole version of its software
    pairing_id TEXT,                     -- [pairingId] id it was paired by
    fingerprint TEXT,                    -- [fingerprint] fingerprint of its key
    fingerprint_hint TEXT,               -- [fingerprintHint] hint at the fingerprint
    current_version TEXT,                -- [currentVersion] version that runs
    staged_version TEXT,                 -- [stagedVersion] version that waits
    patch TEXT,                          -- [patch] patch level
    status_code TEXT,                    -- [statusCode] NEW, ACTIVE, INACTIVE, AWAITING_CONNECTION...
    edge_group TEXT,                     -- [edgeGroup json] object: group it is in
    site TEXT,                           -- [site json] object: site it is at
    software_status TEXT,                -- [softwareStatus json] object: how an update stands
    online_status TEXT,                  -- [onlineStatus] ONLINE or OFFLINE
    serial_number TEXT,                  -- [serialNumber] serial number
    physical_edge INTEGER,               -- [physicalEdge 0/1] whether it is a machine of its own
    managed INTEGER,                     -- [managed 0/1] whether the vendor manages it
    edge_deployment_type TEXT,           -- [edgeDeploymentType] HARDWARE, LDM, CDM, CHS or INVALID
    cert_type TEXT,                      -- [certType] who signed its certificate
    call_draining_state TEXT,            -- [callDrainingState] how it is emptied of calls: NONE, WAIT, WAIT_TIMEOUT, TERMINATE or COMPLETE
    conversation_count BIGINT,           -- [conversationCount moment] calls it carries at the moment
    proxy TEXT,                          -- [proxy] proxy it uses
    offline_config_called INTEGER,       -- [offlineConfigCalled 0/1] whether it was set up without a connection
    os_name TEXT,                        -- [osName] operating system
    deleted_at TEXT,                     -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                     -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER           -- run that last wrote the row
);

-- Stations: telephones that users take calls at.
CREATE TABLE station ( -- [* not selfUri]
    station_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the station
    name TEXT,                            -- [name] name as shown
    description TEXT,                     -- [description] free text
    status TEXT,                          -- [status] AVAILABLE or ASSOCIATED
    user_id TEXT,                         -- [userId] user who is at it
    web_rtc_user_id TEXT,                 -- [webRtcUserId] user whose browser it is
    primary_edge_id TEXT,                 -- [primaryEdge.id] edge that serves it first
    primary_edge_name TEXT,               -- [primaryEdge.name] its name
    secondary_edge_id TEXT,               -- [secondaryEdge.id] edge that serves it else
    secondary_edge_name TEXT,             -- [secondaryEdge.name] its name
    type TEXT,                            -- [type] inin_webrtc_softphone, inin_remote...
    line_appearance_id TEXT,              -- [lineAppearanceId] line of the telephone
    web_rtc_media_dscp INTEGER,           -- [webRtcMediaDscp] mark of media packets
    web_rtc_persistent_enabled INTEGER,   -- [webRtcPersistentEnabled 0/1] whether its connection stays open
    web_rtc_force_turn INTEGER,           -- [webRtcForceTurn 0/1] whether media go over relays
    web_rtc_call_appearances INTEGER,     -- [webRtcCallAppearances] calls at a time
    web_rtc_require_media_helper INTEGER, -- [webRtcRequireMediaHelper 0/1] whether a media helper is needed
    deleted_at TEXT,                      -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                      -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER            -- run that last wrote the row
);

-- Telephone numbers that can be dialled directly.
CREATE TABLE did ( -- [* not selfUri]
    did_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the number
    name TEXT,                        -- [name] name as shown
    division_id TEXT,                 -- [division.id] division it belongs to
    division_name TEXT,               -- [division.name] its name
    description TEXT,                 -- [description] free text
    version INTEGER,                  -- [version] the API's version of the record
    date_created TEXT,                -- [dateCreated time] when it was made
    date_modified TEXT,               -- [dateModified time] when it last changed
    modified_by TEXT,                 -- [modifiedBy] user who changed it
    created_by TEXT,                  -- [createdBy] user who made it
    state TEXT,                       -- [state] active, inactive or deleted
    modified_by_app TEXT,             -- [modifiedByApp] application that changed it
    created_by_app TEXT,              -- [createdByApp] application that made it
    phone_number TEXT,                -- [phoneNumber] the number
    did_pool_id TEXT,                 -- [didPool.id] pool it is of
    did_pool_name TEXT,               -- [didPool.name] its name
    owner_id TEXT,                    -- [owner.id] who has it
    owner_name TEXT,                  -- [owner.name personal] name of that
    owner_type TEXT,                  -- [ownerType] USER, PHONE, IVR_CONFIG or GROUP
    deleted_at TEXT,                  -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                  -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER        -- run that last wrote the row
);

-- Trunks: lines to carriers, telephones and between edges.
CREATE TABLE trunk ( -- [* not selfUri]
    trunk_id TEXT NOT NULL PRIMARY KEY,         -- [id] the API's id of the trunk
    name TEXT,                                  -- [name] name as shown
    division_id TEXT,                           -- [division.id] division it belongs to
    division_name TEXT,                         -- [division.name] its name
    description TEXT,                           -- [description] free text
    version INTEGER,                            -- [version] the API's version of the record
    date_created TEXT,                          -- [dateCreated time] when it was made
    date_modified TEXT,                         -- [dateModified time] when it last changed
    modified_by TEXT,                           -- [modifiedBy] user who changed it
    created_by TEXT,                            -- [createdBy] user who made it
    state TEXT,                                 -- [state] active, inactive or deleted
    modified_by_app TEXT,                       -- [modifiedByApp] application that changed it
    created_by_app TEXT,                        -- [createdByApp] application that made it
    trunk_type TEXT,                            -- [trunkType] EXTERNAL, PHONE or EDGE
    edge_id TEXT,                               -- [edge.id] edge it is of
    edge_name TEXT,                             -- [edge.name] its name
    trunk_base_id TEXT,                         -- [trunkBase.id] settings it is made by
    trunk_base_name TEXT,                       -- [trunkBase.name] its name
    trunk_metabase_id TEXT,                     -- [trunkMetabase.id] kind of those settings
    trunk_metabase_name TEXT,                   -- [trunkMetabase.name] its name
    edge_group_id TEXT,                         -- [edgeGroup.id] edge group it is of
    edge_group_name TEXT,                       -- [edgeGroup.name] its name
    in_service INTEGER,                         -- [inService 0/1] whether it can be used
    enabled INTEGER,                            -- [enabled 0/1] whether it is in force
    logical_interface_id TEXT,                  -- [logicalInterface.id] interface it uses
    logical_interface_name TEXT,                -- [logicalInterface.name] its name
    connected_status_connected INTEGER,         -- [connectedStatus.connected 0/1] whether it is connected
    connected_status_connected_state_time TEXT, -- [connectedStatus.connectedStateTime time] since when
    options_status TEXT,                        -- [optionsStatus json] array: answers to OPTIONS
    registers_status TEXT,                      -- [registersStatus json] array: answers to REGISTER
    ip_status TEXT,                             -- [ipStatus json] object: its address and what is wrong with it
    options_enabled_status TEXT,                -- [optionsEnabledStatus] whether OPTIONS are sent: ENABLED, DISABLED or NOT_SUPPORTED
    registers_enabled_status TEXT,              -- [registersEnabledStatus] whether REGISTER is sent, likewise
    family INTEGER,                             -- [family] family of telephones
    proxy_address_list TEXT,                    -- [proxyAddressList json] array of text: proxies
    deleted_at TEXT,                            -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                            -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                  -- run that last wrote the row
);
