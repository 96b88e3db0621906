-- Requests by month: what a month's budget and the API's fair use count.

-- Requests of all runs of the file together in a UTC month, tokens, retries and polls included, downloads from other
-- hosts not. What a run means to send next is counted ahead, and given back when it ends: of one that was killed
-- up to 50 too many stay counted, never one too few.
CREATE TABLE request_month (
    month TEXT NOT NULL PRIMARY KEY,   -- UTC month, YYYY-MM
    requests BIGINT NOT NULL DEFAULT 0 -- sent in it
) WITHOUT ROWID;

INSERT INTO request_month SELECT substr(started_at, 1, 7), sum(requests) FROM run GROUP BY 1;
