-- What reports count, kept beside the records, so that a day of a file of years is answered at once.
-- A conversation's rows are made anew, from its records alone, in the transaction that writes these,
-- or by the next command that may write: of those whose keys are in fact_owed. To make all of them
-- anew, as a migration that changes how they are made has to:
-- INSERT INTO fact_owed SELECT conversation_key FROM conversation.
-- A metric of more than thirty years is none: sums must not overflow.

-- Of metrics: one row a conversation, session, quarter of an hour of the emit date and queue. Every
-- local half-hour is made of whole quarters of UTC.
CREATE TABLE interval_figure (
    conversation_key INTEGER NOT NULL,   -- the conversation
    participant_no INTEGER NOT NULL,     -- its participant, from 0 in the API's order
    session_no INTEGER NOT NULL,         -- its session, from 0 in the API's order
    metric_no INTEGER NOT NULL,          -- the first metric that counts here, from 0 in the API's order
    utc_start TEXT NOT NULL,             -- first instant of the quarter of an hour
    queue_id TEXT,                       -- queue for which they count, as in v_metric; NULL: none
    user_id TEXT,                        -- the participant's user; NULL: none
    media_type TEXT,                     -- medium of the session
    offered BIGINT NOT NULL,             -- nOffered
    answered BIGINT NOT NULL,            -- how many tAnswered
    abandoned BIGINT NOT NULL,           -- how many tAbandon
    short_abandoned BIGINT NOT NULL,     -- how many tShortAbandon
    flow_out BIGINT NOT NULL,            -- how many tFlowOut
    over_sla BIGINT NOT NULL,            -- nOverSla
    handled BIGINT NOT NULL,             -- how many tHandle
    transferred BIGINT NOT NULL,         -- nTransferred
    blind_transferred BIGINT NOT NULL,   -- nBlindTransferred
    consult_transferred BIGINT NOT NULL, -- nConsultTransferred
    answer_ms BIGINT NOT NULL,           -- sum of tAnswered
    abandon_ms BIGINT NOT NULL,          -- sum of tAbandon
    flow_out_ms BIGINT NOT NULL,         -- sum of tFlowOut
    handle_ms BIGINT NOT NULL,           -- sum of tHandle
    talk_ms BIGINT NOT NULL,             -- sum of tTalkComplete
    hold_ms BIGINT NOT NULL,             -- sum of tHeldComplete
    acw_ms BIGINT NOT NULL,              -- sum of tAcw
    dialing_ms BIGINT NOT NULL,          -- sum of tDialing
    contacting_ms BIGINT NOT NULL,       -- sum of tContacting
    talked BIGINT NOT NULL,              -- how many tTalkComplete
    held BIGINT NOT NULL,                -- how many tHeldComplete
    wrapped_up BIGINT NOT NULL,          -- how many tAcw
    dialed BIGINT NOT NULL,              -- how many tDialing
    contacted BIGINT NOT NULL,           -- how many tContacting
    not_responding BIGINT NOT NULL,      -- how many tNotResponding
    PRIMARY KEY (conversation_key, participant_no, session_no, metric_no)
) WITHOUT ROWID;
CREATE INDEX interval_figure_by_start ON interval_figure (utc_start);
-- All that wrapup_codes asks of after-call work.
CREATE INDEX interval_figure_wrapped_up ON interval_figure (utc_start, queue_id, user_id, acw_ms, wrapped_up)
WHERE wrapped_up > 0;

-- Stays in queues: the segments of an acd session that name one queue, one after another.
CREATE TABLE queue_visit (
    conversation_key INTEGER NOT NULL,   -- the conversation
    participant_no INTEGER NOT NULL,     -- its participant, from 0 in the API's order
    session_no INTEGER NOT NULL,         -- its session, from 0 in the API's order
    segment_no INTEGER NOT NULL,         -- the first of its segments, from 0 in the API's order
    entered_at TEXT NOT NULL,            -- when it began to wait there (not while it was only scheduled)
    queue_id TEXT NOT NULL,              -- the queue
    media_type TEXT,                     -- medium of the session
    left_at TEXT,                        -- when it left; NULL while it is there
    outcome TEXT NOT NULL,               -- answered, abandoned, flowed_out, other, waiting
    wait_ms BIGINT,                      -- sum of tAcd; NULL: none was emitted
    short_abandoned INTEGER NOT NULL,    -- 0/1: there is a tShortAbandon
    over_sla INTEGER NOT NULL,           -- 0/1: there is an nOverSla
    user_id TEXT,                        -- who answered
    PRIMARY KEY (conversation_key, participant_no, session_no, segment_no)
) WITHOUT ROWID;
CREATE INDEX queue_visit_by_start ON queue_visit (entered_at);

-- Sessions of agents that answered or handled.
CREATE TABLE agent_leg (
    conversation_key INTEGER NOT NULL,   -- the conversation
    participant_no INTEGER NOT NULL,     -- its participant, from 0 in the API's order
    session_no INTEGER NOT NULL,         -- its session, from 0 in the API's order
    started_at TEXT NOT NULL,            -- when the session began: start of its first segment
    user_id TEXT NOT NULL,               -- the agent
    queue_id TEXT,                       -- queue of its last segment that names one
    media_type TEXT,                     -- medium of the session
    direction TEXT,                      -- inbound or outbound: direction of the session
    purpose TEXT,                        -- part that the agent played: agent or user
    answered BIGINT NOT NULL,            -- how many tAnswered
    handled BIGINT NOT NULL,             -- how many tHandle
    talk_ms BIGINT NOT NULL,             -- sum of tTalkComplete
    hold_ms BIGINT NOT NULL,             -- sum of tHeldComplete
    acw_ms BIGINT NOT NULL,              -- sum of tAcw
    dialing_ms BIGINT NOT NULL,          -- sum of tDialing
    contacting_ms BIGINT NOT NULL,       -- sum of tContacting
    handle_ms BIGINT NOT NULL,           -- sum of tHandle
    wrap_up_code TEXT,                   -- its last wrap-up code
    transferred BIGINT NOT NULL,         -- nTransferred
    transfer_kind TEXT,                  -- blind, consult; NULL: none, or the record does not say
    to_queue_id TEXT,                    -- queue to which it was transferred
    to_user_id TEXT,                     -- user to whom, where it was to no queue
    PRIMARY KEY (conversation_key, participant_no, session_no)
) WITHOUT ROWID;
CREATE INDEX agent_leg_by_start ON agent_leg (started_at);

-- Of a whole conversation, as v_conversation has it.
CREATE TABLE conversation_figure (
    conversation_key INTEGER PRIMARY KEY, -- the conversation
    media_type TEXT,                    -- of the first session that has one
    media_types TEXT,                   -- of all its sessions, sorted, separated by commas
    message_type TEXT,                  -- of the first session that has one
    ani TEXT,                           -- [personal] of the customer's first session that has one (of an outside party's, where there is no customer)
    dnis TEXT,                          -- [personal] likewise
    first_queue_id TEXT,                -- of the segment that began first
    last_queue_id TEXT,                 -- of the segment with the customer that ended last
    first_agent_id TEXT,                -- agent of the segment that began first
    last_agent_id TEXT,                 -- agent of the segment with the customer that ended last
    last_team_id TEXT,                  -- that agent's team then
    first_wrap_up_code TEXT,            -- of the segment that began first
    last_wrap_up_code TEXT,             -- the last agent's
    customer_disconnect_type TEXT,      -- how the customer's last segment ended
    offered BIGINT,                     -- how many nOffered
    answered BIGINT,                    -- how many tAnswered
    abandoned BIGINT,                   -- how many tAbandon
    short_abandoned BIGINT,             -- how many tShortAbandon
    flow_out BIGINT,                    -- how many tFlowOut
    over_sla BIGINT,                    -- how many nOverSla
    connected BIGINT,                   -- how many nConnected
    outbound BIGINT,                    -- how many nOutbound
    transferred BIGINT,                 -- how many nTransferred
    blind_transferred BIGINT,           -- how many nBlindTransferred
    consult_transferred BIGINT,         -- how many nConsultTransferred
    handled BIGINT,                     -- how many tHandle
    acd_ms BIGINT,                      -- sum of tAcd; NULL: none
    answer_ms BIGINT,                   -- sum of tAnswered; NULL: none
    abandon_ms BIGINT,                  -- sum of tAbandon; NULL: none
    ivr_ms BIGINT,                      -- sum of tIvr; NULL: none
    alert_ms BIGINT,                    -- sum of tAlert; NULL: none
    talk_ms BIGINT,                     -- sum of tTalkComplete; NULL: none
    hold_ms BIGINT,                     -- sum of tHeldComplete; NULL: none
    acw_ms BIGINT,                      -- sum of tAcw; NULL: none
    dialing_ms BIGINT,                  -- sum of tDialing; NULL: none
    contacting_ms BIGINT,               -- sum of tContacting; NULL: none
    handle_ms BIGINT,                   -- sum of tHandle; NULL: none
    participant_count BIGINT,           -- participants
    agent_count BIGINT,                 -- different agents who interacted
    division_ids TEXT                     -- divisions, separated by commas
);

-- Conversations whose rows above are to be made anew; empty once that is done.
CREATE TABLE fact_owed (
    conversation_key INTEGER PRIMARY KEY -- the conversation
);

INSERT INTO fact_owed SELECT conversation_key FROM conversation;
