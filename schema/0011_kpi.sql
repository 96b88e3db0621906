-- The organization's switches of the service level, as the configuration had them when a run last began
-- ([kpi]; before that, as the vendor sets them): the views go by them, for all days.
CREATE TABLE kpi (
    place INTEGER PRIMARY KEY CHECK (place = 1),        -- 1: there is one
    include_flow_outs INTEGER NOT NULL DEFAULT 0,       -- 0/1: flow-outs are among those that the share is of
    include_short_abandons INTEGER NOT NULL DEFAULT 1,  -- 0/1: short abandons are
    include_abandons INTEGER NOT NULL DEFAULT 1,        -- 0/1: abandons are, short ones as above
    default_target_seconds INTEGER NOT NULL DEFAULT 20  -- target of a queue and medium that have none of their own, seconds
);
INSERT INTO kpi (place) VALUES (1);
