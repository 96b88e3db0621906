-- What is said of a run.

-- What is in the way of the stream ?1 (which needs ?2, where that is what is missing), and what to do; NULL: nothing of its own.
-- ?3: its error, ?4 in short, ?5: the permission that it names, ''; ?6: it is no refusal of the whole stream; ?7: the setting that
-- leaves it out, of which others share all but the end if ?11. And ?8 with it, if ?9: {STREAM: {exit, why, error}} of those that
-- are not done; ?10: the name of the exit code.
-- name: run_stream_end
SELECT why, CASE WHEN ?9 THEN json_set(ifnull(?8, '{}'), '$.' || ?1, CASE
    WHEN why IS NULL THEN json_object('exit', ?10)
    ELSE json_object('exit', ?10, 'why', why, 'error', ?3) END) ELSE ?8 END
FROM (SELECT CASE
    WHEN ?3 IS NULL THEN NULL
    WHEN ?6 AND ?5 = '' THEN CASE WHEN substr(?4, 1, length(?1)) = ?1 THEN ?4 ELSE ?1 || ': ' || ?4 END
    ELSE ?1 || ifnull(' needs ' || ?2, '') || ': ' || CASE
        WHEN ?5 = '' THEN 'the server refuses it, HTTP 403, and names no permission. `rollcall check` says more'
        ELSE 'the client lacks ' || ?5 || CASE WHEN ?6 THEN ' for a part of it' ELSE '' END
            || '. Give its role that permission' END
        || ifnull(', or leave the stream out: [extract] streams = ' || CASE WHEN ?7 <> '' AND ?11 THEN '..., -' || ?1 ELSE ?7 END, '')
    END AS why)
