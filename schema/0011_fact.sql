-- What reports count, kept beside the records, so that a day of a file of years is answered at once.
-- A conversation's rows are made anew, from its records alone, in the transaction that writes these:
-- whoever puts its key into fact_owed, and 0 behind it, has them made. To make all of them anew, as a
-- migration that changes how they are made has to:
-- INSERT INTO fact_owed SELECT conversation_key FROM conversation UNION ALL SELECT 0.
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

-- Conversations whose rows above are to be made anew; empty, since that is done at once: for all of a
-- page together, several times faster than one by one; and with every 512th key, so that a file of
-- years takes no more memory than a page.
CREATE TABLE fact_owed (
    conversation_key INTEGER PRIMARY KEY -- the conversation; 0: these are all
);

-- Done for every page that is stored, so written for speed: rows are walked in the order of their keys,
-- session before participant, which needs no sorting; LIMIT -1 keeps what is worked out once from being
-- worked out again for each column that uses it; metrics are told by their names first, which leave the
-- fewest; the first or last of something is the least or greatest text of its instant (24 characters), its
-- place (char) and itself, made only of what has a value; where most rows have one, as queues, the instant
-- alone is looked for, or that there are no two of them, since such a text costs more than the rest of its row.
CREATE TRIGGER fact_make AFTER INSERT ON fact_owed WHEN NEW.conversation_key % 512 = 0
BEGIN
    INSERT OR REPLACE INTO figure_touched
    SELECT z.day, (SELECT max(run_id) FROM run), 1
    FROM (SELECT DISTINCT utc_start FROM fact_owed CROSS JOIN interval_figure USING (conversation_key)) AS f
    CROSS JOIN zone_offset AS z ON z.utc_from = (SELECT max(utc_from) FROM zone_offset WHERE utc_from <= f.utc_start)
        AND z.utc_to > f.utc_start;
    DELETE FROM interval_figure WHERE conversation_key IN (SELECT conversation_key FROM fact_owed);
    DELETE FROM queue_visit WHERE conversation_key IN (SELECT conversation_key FROM fact_owed);
    DELETE FROM agent_leg WHERE conversation_key IN (SELECT conversation_key FROM fact_owed);
    DELETE FROM conversation_figure WHERE conversation_key IN (SELECT conversation_key FROM fact_owed);

    INSERT INTO interval_figure
    SELECT
        conversation_key, participant_no, session_no, min(metric_no), utc_start, queue_id, user_id, media_type,
        sum(CASE name WHEN 'nOffered' THEN value ELSE 0 END), count(CASE name WHEN 'tAnswered' THEN 1 END),
        count(CASE name WHEN 'tAbandon' THEN 1 END), count(CASE name WHEN 'tShortAbandon' THEN 1 END),
        count(CASE name WHEN 'tFlowOut' THEN 1 END), sum(CASE name WHEN 'nOverSla' THEN value ELSE 0 END),
        count(CASE name WHEN 'tHandle' THEN 1 END), sum(CASE name WHEN 'nTransferred' THEN value ELSE 0 END),
        sum(CASE name WHEN 'nBlindTransferred' THEN value ELSE 0 END),
        sum(CASE name WHEN 'nConsultTransferred' THEN value ELSE 0 END),
        sum(CASE name WHEN 'tAnswered' THEN value ELSE 0 END), sum(CASE name WHEN 'tAbandon' THEN value ELSE 0 END),
        sum(CASE name WHEN 'tFlowOut' THEN value ELSE 0 END), sum(CASE name WHEN 'tHandle' THEN value ELSE 0 END),
        sum(CASE name WHEN 'tTalkComplete' THEN value ELSE 0 END),
        sum(CASE name WHEN 'tHeldComplete' THEN value ELSE 0 END), sum(CASE name WHEN 'tAcw' THEN value ELSE 0 END),
        sum(CASE name WHEN 'tDialing' THEN value ELSE 0 END), sum(CASE name WHEN 'tContacting' THEN value ELSE 0 END),
        count(CASE name WHEN 'tTalkComplete' THEN 1 END), count(CASE name WHEN 'tHeldComplete' THEN 1 END),
        count(CASE name WHEN 'tAcw' THEN 1 END), count(CASE name WHEN 'tDialing' THEN 1 END),
        count(CASE name WHEN 'tContacting' THEN 1 END), count(CASE name WHEN 'tNotResponding' THEN 1 END)
    FROM (
        SELECT
            m.conversation_key, m.participant_no, m.session_no, m.metric_no, m.name, coalesce(m.value, 0) AS value, s.user_id, s.media_type,
            substr(m.emit_date, 1, 14) || CASE
                WHEN substr(m.emit_date, 15, 2) < '15' THEN '00'
                WHEN substr(m.emit_date, 15, 2) < '30' THEN '15'
                WHEN substr(m.emit_date, 15, 2) < '45' THEN '30'
                ELSE '45' END || ':00.000Z' AS utc_start,
            CASE
                WHEN s.first_queue_id IS s.last_queue_id THEN s.first_queue_id
                ELSE coalesce(
                    (SELECT substr(max(segment_start || char(segment_no + 1) || queue_id), 26) FROM segment
                     WHERE conversation_key = s.conversation_key AND participant_no = s.participant_no AND session_no = s.session_no
                     AND (segment_start < m.emit_date OR m.name = 'nOffered' AND segment_start = m.emit_date)),
                    (SELECT substr(min(coalesce(segment_start, '                        ') || char(segment_no + 1) || queue_id), 26)
                     FROM segment
                     WHERE conversation_key = s.conversation_key AND participant_no = s.participant_no AND session_no = s.session_no))
            END AS queue_id
        FROM (
            SELECT
                s.conversation_key, s.participant_no, s.session_no, s.media_type, p.user_id, min(g.queue_id) AS first_queue_id,
                max(g.queue_id) AS last_queue_id
            FROM fact_owed
            CROSS JOIN session AS s USING (conversation_key)
            CROSS JOIN participant AS p USING (conversation_key, participant_no)
            LEFT JOIN segment AS g ON g.conversation_key = s.conversation_key
                AND g.participant_no = s.participant_no AND g.session_no = s.session_no
                AND coalesce(p.purpose, '') NOT IN ('customer', 'external')
            GROUP BY fact_owed.conversation_key, s.participant_no, s.session_no
        ) AS s
        CROSS JOIN session_metric AS m USING (conversation_key, participant_no, session_no)
        WHERE m.name IN (
            'nOffered', 'tAnswered', 'tAbandon', 'tShortAbandon', 'tFlowOut', 'nOverSla', 'tHandle', 'nTransferred',
            'nBlindTransferred', 'nConsultTransferred', 'tTalkComplete', 'tHeldComplete', 'tAcw', 'tDialing',
            'tContacting', 'tNotResponding')
        AND m.emit_date IS NOT NULL AND coalesce(m.value, 0) BETWEEN -1000000000000 AND 1000000000000
        LIMIT -1
    )
    GROUP BY conversation_key, participant_no, session_no, utc_start, queue_id;

    INSERT OR REPLACE INTO figure_touched
    SELECT z.day, (SELECT max(run_id) FROM run), 1
    FROM (SELECT DISTINCT utc_start FROM fact_owed CROSS JOIN interval_figure USING (conversation_key)) AS f
    CROSS JOIN zone_offset AS z ON z.utc_from = (SELECT max(utc_from) FROM zone_offset WHERE utc_from <= f.utc_start)
        AND z.utc_to > f.utc_start;

    INSERT INTO queue_visit
    SELECT
        conversation_key, participant_no, session_no, segment_no, entered_at, queue_id, media_type, left_at,
        CASE
            WHEN answer IS NOT NULL THEN 'answered'
            WHEN abandoned THEN 'abandoned'
            WHEN flow_out THEN 'flowed_out'
            WHEN left_at IS NULL THEN 'waiting'
            ELSE 'other'
        END,
        wait_ms, short_abandoned > 0, over_sla OR coalesce(answer LIKE 'late%', 0), nullif(substr(answer, 6), '')
    FROM (
        SELECT v.*,
            sum(CASE m.name WHEN 'tAcd' THEN m.value END) AS wait_ms, count(CASE m.name WHEN 'tAbandon' THEN 1 END) AS abandoned,
            count(CASE m.name WHEN 'tShortAbandon' THEN 1 END) AS short_abandoned,
            count(CASE m.name WHEN 'tFlowOut' THEN 1 END) AS flow_out, count(CASE m.name WHEN 'nOverSla' THEN 1 END) > 0 AS over_sla,
            count(CASE m.name WHEN 'nOffered' THEN 1 END) AS offered,
            (SELECT substr(min(a.emit_date || char(a.participant_no + 1, a.session_no + 1, a.metric_no + 1) || CASE WHEN EXISTS (
                        SELECT 1 FROM session_metric AS l
                        WHERE l.conversation_key = v.conversation_key AND l.participant_no = a.participant_no
                        AND l.session_no = a.session_no AND l.name = 'nOverSla' AND l.emit_date >= v.entered_at
                        AND (v.again_at IS NULL OR l.emit_date < v.again_at)) THEN 'late ' ELSE 'soon ' END
                    || coalesce(p.user_id, '')), 28)
             FROM session_metric AS a
             JOIN participant AS p USING (conversation_key, participant_no)
             WHERE a.conversation_key = v.conversation_key AND a.name = 'tAnswered' AND a.emit_date >= v.entered_at
             AND (v.again_at IS NULL OR a.emit_date < v.again_at)
             AND v.queue_id = coalesce(
                (SELECT substr(max(segment_start || char(segment_no + 1) || queue_id), 26) FROM segment
                 WHERE conversation_key = v.conversation_key AND participant_no = a.participant_no AND session_no = a.session_no
                 AND segment_start < a.emit_date),
                (SELECT substr(min(coalesce(segment_start, '                        ') || char(segment_no + 1) || queue_id), 26)
                 FROM segment
                 WHERE conversation_key = v.conversation_key AND participant_no = a.participant_no AND session_no = a.session_no))) AS answer
        FROM (
            SELECT
                conversation_key, participant_no, session_no, segment_no, queue_id, media_type, begun, entered_at, is_there,
                coalesce(left_at, next_begun) AS left_at, next_begun, after,
                lead(entered_at) OVER (PARTITION BY conversation_key, queue_id ORDER BY entered_at, participant_no, session_no, segment_no)
                    AS again_at
            FROM (
                SELECT *,
                    (SELECT min(segment_start) FROM segment AS o
                     WHERE o.conversation_key = y.conversation_key AND o.participant_no = y.participant_no
                     AND o.session_no = y.session_no AND o.queue_id <> y.queue_id
                     AND o.segment_start || char(o.segment_no + 1) > y.place) AS next_begun
                FROM (
                    SELECT
                        conversation_key, participant_no, session_no, min(segment_no) AS segment_no, queue_id, media_type,
                        min(segment_start) AS begun, min(segment_start || char(segment_no + 1)) AS place,
                        max(segment_type IS NOT 'scheduled') AS is_there,
                        coalesce(min(CASE WHEN segment_type IS NOT 'scheduled' THEN segment_start END), min(segment_start))
                            AS entered_at,
                        CASE WHEN count(segment_end) = count(*) THEN max(segment_end) END AS left_at, after
                    FROM (
                        SELECT -- after: the last segment of another queue before it, the same for all of a stay
                            g.conversation_key, g.participant_no, g.session_no, g.segment_no, g.queue_id, g.segment_type, g.segment_start,
                            g.segment_end, s.media_type,
                            (SELECT max(o.segment_start || char(o.segment_no + 1)) FROM segment AS o
                             WHERE o.conversation_key = g.conversation_key AND o.participant_no = g.participant_no
                             AND o.session_no = g.session_no AND o.queue_id <> g.queue_id
                             AND o.segment_start || char(o.segment_no + 1) < g.segment_start || char(g.segment_no + 1)) AS after
                        FROM fact_owed
                        CROSS JOIN session AS s USING (conversation_key)
                        CROSS JOIN participant AS p USING (conversation_key, participant_no)
                        CROSS JOIN segment AS g USING (conversation_key, participant_no, session_no)
                        WHERE p.purpose = 'acd' AND g.queue_id IS NOT NULL AND g.segment_start IS NOT NULL
                        LIMIT -1
                    )
                    GROUP BY conversation_key, participant_no, session_no, after, queue_id
                ) AS y
                LIMIT -1
            )
        ) AS v
        LEFT JOIN session_metric AS m ON m.conversation_key = v.conversation_key
            AND m.participant_no = v.participant_no AND m.session_no = v.session_no
            AND coalesce(m.value, 0) BETWEEN -1000000000000 AND 1000000000000
            AND (v.after IS NULL OR m.emit_date > v.begun OR m.emit_date = v.begun AND m.name = 'nOffered')
            AND (v.next_begun IS NULL OR m.emit_date < v.next_begun OR m.emit_date = v.next_begun AND m.name <> 'nOffered')
        GROUP BY v.conversation_key, v.participant_no, v.session_no, v.segment_no
    )
    WHERE is_there OR offered;

    INSERT INTO agent_leg
    SELECT
        conversation_key, participant_no, session_no, started_at, user_id, queue_id, media_type, direction, purpose,
        answered, handled, talk_ms, hold_ms, acw_ms, dialing_ms, contacting_ms, handle_ms, wrap_up_code, transferred,
        kind, CASE WHEN goal LIKE 'q%' THEN substr(goal, 2) END, CASE WHEN goal LIKE 'u%' THEN substr(goal, 2) END
    FROM (
        SELECT
            l.*, s.media_type, s.direction,
            coalesce(
                (SELECT min(segment_start) FROM segment
                 WHERE conversation_key = l.conversation_key AND participant_no = l.participant_no AND session_no = l.session_no),
                (SELECT min(emit_date) FROM session_metric
                 WHERE conversation_key = l.conversation_key AND participant_no = l.participant_no AND session_no = l.session_no
                 AND coalesce(value, 0) BETWEEN -1000000000000 AND 1000000000000)) AS started_at,
            (SELECT CASE WHEN min(queue_id) IS max(queue_id) THEN min(queue_id) ELSE (
                SELECT queue_id FROM segment
                WHERE conversation_key = l.conversation_key AND participant_no = l.participant_no AND session_no = l.session_no
                AND queue_id IS NOT NULL
                ORDER BY segment_start DESC, segment_no DESC LIMIT 1) END
             FROM segment
             WHERE conversation_key = l.conversation_key AND participant_no = l.participant_no AND session_no = l.session_no) AS queue_id,
            (SELECT substr(max(coalesce(segment_start, '                        ') || char(segment_no + 1) || wrap_up_code), 26) FROM segment
             WHERE conversation_key = l.conversation_key AND participant_no = l.participant_no AND session_no = l.session_no
             AND wrap_up_code IS NOT NULL) AS wrap_up_code,
            CASE WHEN kind IS NOT NULL THEN (
                SELECT goal FROM (
                    SELECT entered_at AS begun, 'q' || queue_id AS goal FROM queue_visit
                    WHERE conversation_key = l.conversation_key
                    UNION ALL
                    SELECT min(g.segment_start), 'u' || p.user_id
                    FROM participant AS p
                    CROSS JOIN segment AS g USING (conversation_key, participant_no)
                    WHERE p.conversation_key = l.conversation_key AND p.purpose IN ('agent', 'user')
                    AND p.user_id IS NOT NULL AND p.participant_no <> l.participant_no
                    AND g.segment_type NOT IN ('monitoring', 'coaching', 'barging', 'screenMonitoring')
                    GROUP BY p.participant_no, g.session_no)
                WHERE begun >= CASE kind WHEN 'blind' THEN moved_at ELSE asked_at END
                AND (kind = 'blind' OR begun <= moved_at)
                ORDER BY begun, goal LIMIT 1) END AS goal
        FROM (
            SELECT
                m.conversation_key, m.participant_no, m.session_no, p.user_id, p.purpose,
                sum(m.name = 'tAnswered') AS answered, sum(m.name = 'tHandle') AS handled,
                coalesce(sum(CASE m.name WHEN 'tTalkComplete' THEN m.value END), 0) AS talk_ms,
                coalesce(sum(CASE m.name WHEN 'tHeldComplete' THEN m.value END), 0) AS hold_ms,
                coalesce(sum(CASE m.name WHEN 'tAcw' THEN m.value END), 0) AS acw_ms,
                coalesce(sum(CASE m.name WHEN 'tDialing' THEN m.value END), 0) AS dialing_ms,
                coalesce(sum(CASE m.name WHEN 'tContacting' THEN m.value END), 0) AS contacting_ms,
                coalesce(sum(CASE m.name WHEN 'tHandle' THEN m.value END), 0) AS handle_ms,
                coalesce(sum(CASE m.name WHEN 'nTransferred' THEN m.value END), 0) AS transferred,
                CASE WHEN max(m.name = 'nConsultTransferred') THEN 'consult' WHEN max(m.name = 'nBlindTransferred') THEN 'blind' END
                    AS kind,
                max(CASE WHEN m.name IN ('nConsultTransferred', 'nBlindTransferred') THEN m.emit_date END) AS moved_at,
                max(CASE m.name WHEN 'nConsult' THEN m.emit_date END) AS asked_at
            FROM fact_owed
            CROSS JOIN participant AS p USING (conversation_key)
            CROSS JOIN session_metric AS m USING (conversation_key, participant_no)
            WHERE p.user_id IS NOT NULL AND p.purpose IN ('agent', 'user')
            AND m.name IN (
                'tAnswered', 'tHandle', 'tTalkComplete', 'tHeldComplete', 'tAcw', 'tDialing', 'tContacting', 'nTransferred',
                'nConsultTransferred', 'nBlindTransferred', 'nConsult')
            AND coalesce(m.value, 0) BETWEEN -1000000000000 AND 1000000000000
            GROUP BY m.conversation_key, m.participant_no, m.session_no
            HAVING answered + handled > 0
        ) AS l
        CROSS JOIN session AS s USING (conversation_key, participant_no, session_no)
        LIMIT -1
    )
    WHERE started_at IS NOT NULL;

    INSERT INTO conversation_figure
    SELECT
        m.conversation_key,
        (SELECT media_type FROM session
         WHERE conversation_key = m.conversation_key AND media_type IS NOT NULL ORDER BY participant_no, session_no LIMIT 1),
        (SELECT CASE WHEN min(media_type) IS max(media_type) THEN min(media_type) ELSE (
            SELECT group_concat(media_type, ',')
            FROM (SELECT DISTINCT media_type FROM session
                  WHERE conversation_key = m.conversation_key AND media_type IS NOT NULL
                  ORDER BY media_type)) END
         FROM session WHERE conversation_key = m.conversation_key),
        (SELECT message_type FROM session
         WHERE conversation_key = m.conversation_key AND message_type IS NOT NULL ORDER BY participant_no, session_no LIMIT 1),
        coalesce(
            (SELECT s.ani FROM session AS s CROSS JOIN participant AS p USING (conversation_key, participant_no)
             WHERE s.conversation_key = m.conversation_key AND s.ani IS NOT NULL AND p.purpose = 'customer'
             ORDER BY s.participant_no, s.session_no LIMIT 1),
            (SELECT s.ani FROM session AS s CROSS JOIN participant AS p USING (conversation_key, participant_no)
             WHERE s.conversation_key = m.conversation_key AND s.ani IS NOT NULL AND p.purpose = 'external'
             ORDER BY s.participant_no, s.session_no LIMIT 1)),
        coalesce(
            (SELECT s.dnis FROM session AS s CROSS JOIN participant AS p USING (conversation_key, participant_no)
             WHERE s.conversation_key = m.conversation_key AND s.dnis IS NOT NULL AND p.purpose = 'customer'
             ORDER BY s.participant_no, s.session_no LIMIT 1),
            (SELECT s.dnis FROM session AS s CROSS JOIN participant AS p USING (conversation_key, participant_no)
             WHERE s.conversation_key = m.conversation_key AND s.dnis IS NOT NULL AND p.purpose = 'external'
             ORDER BY s.participant_no, s.session_no LIMIT 1)),
        (SELECT queue_id FROM segment
         WHERE conversation_key = m.conversation_key AND queue_id IS NOT NULL AND coalesce(segment_start, '') = g.first_queue_at
         ORDER BY participant_no, session_no, segment_no LIMIT 1),
        substr(g.last_queue, 52), substr(g.first_agent, 28), substr(g.last_agent, 52),
        (SELECT team_id FROM participant
         WHERE conversation_key = m.conversation_key AND participant_no = unicode(substr(g.last_agent, 49, 1)) - 1),
        substr(g.first_wrap_up, 28),
        CASE WHEN g.first_wrap_up IS NOT NULL THEN (
            SELECT substr(max(coalesce(segment_start, '                        ')
                || char(participant_no + 1, session_no + 1, segment_no + 1) || wrap_up_code), 28)
            FROM segment
            WHERE conversation_key = m.conversation_key AND wrap_up_code IS NOT NULL
            AND participant_no /* of the last agent; all, where there is none */ BETWEEN coalesce(unicode(substr(g.last_agent, 49, 1)) - 1, 0)
                AND coalesce(unicode(substr(g.last_agent, 49, 1)), 1000000) - 1) END,
        substr(g.disconnect, 29),
        m.offered, m.answered, m.abandoned, m.short_abandoned, m.flow_out, m.over_sla, m.connected, m.outbound,
        m.transferred, m.blind_transferred, m.consult_transferred, m.handled, m.acd_ms, m.answer_ms, m.abandon_ms,
        m.ivr_ms, m.alert_ms, m.talk_ms, m.hold_ms, m.acw_ms, m.dialing_ms, m.contacting_ms, m.handle_ms,
        (SELECT count(*) FROM participant WHERE conversation_key = m.conversation_key),
        CASE WHEN g.least_agent IS g.greatest_agent THEN g.least_agent IS NOT NULL ELSE (
            SELECT count(DISTINCT p.user_id) FROM participant AS p
            CROSS JOIN segment AS i USING (conversation_key, participant_no)
            WHERE p.conversation_key = m.conversation_key AND p.purpose IN ('agent', 'user')
            AND i.segment_type = 'interact') END,
        (SELECT group_concat(division_id, ',')
         FROM (SELECT division_id FROM conversation_division
               WHERE conversation_key = m.conversation_key ORDER BY division_no))
    FROM (
        SELECT
            fact_owed.conversation_key, count(CASE name WHEN 'nOffered' THEN 1 END) AS offered,
            count(CASE name WHEN 'tAnswered' THEN 1 END) AS answered,
            count(CASE name WHEN 'tAbandon' THEN 1 END) AS abandoned,
            count(CASE name WHEN 'tShortAbandon' THEN 1 END) AS short_abandoned,
            count(CASE name WHEN 'tFlowOut' THEN 1 END) AS flow_out,
            count(CASE name WHEN 'nOverSla' THEN 1 END) AS over_sla,
            count(CASE name WHEN 'nConnected' THEN 1 END) AS connected,
            count(CASE name WHEN 'nOutbound' THEN 1 END) AS outbound,
            count(CASE name WHEN 'nTransferred' THEN 1 END) AS transferred,
            count(CASE name WHEN 'nBlindTransferred' THEN 1 END) AS blind_transferred,
            count(CASE name WHEN 'nConsultTransferred' THEN 1 END) AS consult_transferred,
            count(CASE name WHEN 'tHandle' THEN 1 END) AS handled,
            sum(CASE name WHEN 'tAcd' THEN value END) AS acd_ms,
            sum(CASE name WHEN 'tAnswered' THEN value END) AS answer_ms,
            sum(CASE name WHEN 'tAbandon' THEN value END) AS abandon_ms,
            sum(CASE name WHEN 'tIvr' THEN value END) AS ivr_ms,
            sum(CASE name WHEN 'tAlert' THEN value END) AS alert_ms,
            sum(CASE name WHEN 'tTalkComplete' THEN value END) AS talk_ms,
            sum(CASE name WHEN 'tHeldComplete' THEN value END) AS hold_ms,
            sum(CASE name WHEN 'tAcw' THEN value END) AS acw_ms,
            sum(CASE name WHEN 'tDialing' THEN value END) AS dialing_ms,
            sum(CASE name WHEN 'tContacting' THEN value END) AS contacting_ms,
            sum(CASE name WHEN 'tHandle' THEN value END) AS handle_ms
        FROM fact_owed
        LEFT JOIN session_metric AS m ON m.conversation_key = fact_owed.conversation_key
            AND name IN (
            'nOffered', 'tAnswered', 'tAbandon', 'tShortAbandon', 'tFlowOut', 'nOverSla', 'nConnected', 'nOutbound',
            'nTransferred', 'nBlindTransferred', 'nConsultTransferred', 'tHandle', 'tAcd', 'tIvr', 'tAlert',
            'tTalkComplete', 'tHeldComplete', 'tAcw', 'tDialing', 'tContacting')
            AND coalesce(value, 0) BETWEEN -1000000000000 AND 1000000000000
        WHERE fact_owed.conversation_key <> 0
        GROUP BY fact_owed.conversation_key
    ) AS m
    LEFT JOIN (
        SELECT
            p.conversation_key,
            min(CASE WHEN g.queue_id IS NOT NULL THEN coalesce(g.segment_start, '') END) AS first_queue_at,
            max(CASE WHEN g.queue_id IS NOT NULL AND g.segment_type NOT IN ('wrapup', 'alert', 'dialing', 'contacting')
                     AND coalesce(p.purpose, '') NOT IN ('customer', 'external')
                THEN coalesce(g.segment_end, 'open                    ') || coalesce(g.segment_start, '                        ') || char(g.participant_no + 1, g.session_no + 1, g.segment_no + 1) || g.queue_id END) AS last_queue,
            min(CASE WHEN g.segment_type = 'interact' AND p.purpose IN ('agent', 'user')
                THEN coalesce(g.segment_start, '                        ') || char(g.participant_no + 1, g.session_no + 1, g.segment_no + 1) || p.user_id END) AS first_agent,
            max(CASE WHEN g.segment_type IN ('interact', 'hold') AND p.purpose IN ('agent', 'user')
                THEN coalesce(g.segment_end, 'open                    ') || coalesce(g.segment_start, '                        ') || char(g.participant_no + 1, g.session_no + 1, g.segment_no + 1) || p.user_id END) AS last_agent,
            min(CASE WHEN g.segment_type = 'interact' AND p.purpose IN ('agent', 'user') THEN p.user_id END) AS least_agent,
            max(CASE WHEN g.segment_type = 'interact' AND p.purpose IN ('agent', 'user') THEN p.user_id END) AS greatest_agent,
            min(CASE WHEN g.wrap_up_code IS NOT NULL THEN coalesce(g.segment_start, '                        ') || char(g.participant_no + 1, g.session_no + 1, g.segment_no + 1) || g.wrap_up_code END) AS first_wrap_up,
            max(CASE WHEN g.disconnect_type IS NOT NULL AND p.purpose IN ('customer', 'external')
                THEN (p.purpose = 'customer') || coalesce(g.segment_end, '                        ') || char(g.participant_no + 1, g.session_no + 1, g.segment_no + 1) || g.disconnect_type END)
                AS disconnect
        FROM fact_owed
        CROSS JOIN participant AS p USING (conversation_key)
        CROSS JOIN segment AS g USING (conversation_key, participant_no)
        GROUP BY fact_owed.conversation_key
    ) AS g ON g.conversation_key = m.conversation_key;

    DELETE FROM fact_owed;
END;

INSERT INTO fact_owed SELECT conversation_key FROM conversation UNION ALL SELECT 0;
