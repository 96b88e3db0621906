-- What a check finds (probe/check.c): names of things, their causes (report_rows), and what was seen.

-- name: check_clock
-- The server's clock beside this machine's, by ?1 ms ahead of it.
SELECT 'clock', iif(abs(?1) > 60000, 'network_clock', NULL), iif(abs(?1) > 60000,
    printf('this machine''s clock is %d seconds %s the server''s', abs(?1) / 1000, iif(?1 > 0, 'behind', 'ahead of')),
    'agrees with the server''s')

-- name: check_login
-- A token of ?1 seconds.
SELECT 'login', NULL, printf('a token, good for %d %s', (?1 + unit / 2) / unit, iif(unit = 60, 'minutes', 'hours'))
FROM (SELECT iif(?1 % 3600 = 0 OR ?1 > 2 * 3600, 3600, 60) AS unit)

-- name: check_answer
-- The stream ?1, titled ?2, of days where ?3, which answered: by ?4 rows (0: not known), though where ?5 by none.
SELECT ?1, iif(?5, 'permission_empty', NULL),
    CASE WHEN ?5 THEN 'HTTP 200, but no ' || what WHEN ?4 > 0 THEN printf('answered: %d %s', ?4, what) ELSE 'answered' END
FROM (SELECT ?2 || iif(?3, ' of yesterday (UTC)', '') AS what)

-- name: check_zone
-- The time zone ?1, now ?2 seconds from UTC.
SELECT 'time zone', NULL, printf('%s, now UTC%s%02d:%02d', ?1, iif(?2 < 0, '-', '+'), abs(?2) / 3600, abs(?2) / 60 % 60)

-- name: check_region
-- Where a client lives that is not known here: the region found, its domain ?1 and name ?2, or those that may know it ?3;
-- ?4 of ?5 other login hosts answered.
SELECT 'find region', CASE WHEN ?1 IS NULL AND ?3 = '' AND ?4 = 0 THEN 'skipped' END, CASE
    WHEN ?1 <> ''
        THEN printf('the client lives in %s: set [genesys] region = %s (and remove login_url and api_url)', ?1, ?2)
    WHEN ?3 <> ''
        THEN printf('no region gives a token; a client of that id may be known in %s, which answers that the secret is wrong', ?3)
    WHEN ?4 = 0
        THEN 'no other login host was reached from here, so nothing is known of where the client lives'
    WHEN ?4 < ?5
        THEN printf('%d of %d other login hosts did not answer; none of those that did knows the client', ?5 - ?4, ?5)
    ELSE printf('none of the %d other login hosts that answered knows the client: it was deleted, or client_id is mistyped', ?4)
END

-- name: check_client
-- The OAuth client as /api/v2/tokens/me has it, ?1, and its grants where divisions limit them.
WITH
client AS (
    SELECT
        coalesce(json_extract(?1, '$.OAuthClient.name'), '') AS name,
        coalesce(json_extract(?1, '$.OAuthClient.state'), '') AS state,
        coalesce(json_extract(?1, '$.OAuthClient.authorizedGrantType'), '') AS grant_type,
        json_extract(?1, '$.OAuthClient.dateToDelete') AS until,
        json_type(?1, '$.OAuthClient.roleDivisions') IS 'array' AS has_grants,
        json_extract(?1, '$.OAuthClient.roleDivisions') AS grants
),
granted AS (
    SELECT
        count(DISTINCT json_extract(value, '$.roleId')) AS roles,
        count(DISTINCT json_extract(value, '$.divisionId')) AS divisions,
        ifnull(sum(json_extract(value, '$.divisionId') = '*'), 0) AS of_all
    FROM client, json_each(client.grants)
),
judged AS (
    SELECT
        *,
        CASE
            WHEN state <> '' AND lower(state) <> 'active' THEN 'token_client_state'
            WHEN grant_type <> '' AND replace(lower(grant_type), '_', '-') <> 'client-credentials'
                THEN 'token_grant'
            WHEN has_grants AND roles = 0 THEN 'token_no_roles'
        END AS wrong
    FROM client, granted
)
SELECT
    'client', wrong,
    printf('"%s", %s, %s; %d role%s in %d division%s%s', name, coalesce(nullif(state, ''), 'state not said'),
           coalesce(nullif(grant_type, ''), 'grant type not said'), roles, iif(roles = 1, '', 's'),
           divisions, iif(divisions = 1, '', 's'),
           iif(wrong = 'token_client_state' AND until <> '', '; to be deleted ' || until, '')),
    iif(divisions > 0 AND NOT of_all, grants, NULL)
FROM judged

-- name: check_counts
-- What is known of streams' sizes, ?1, and that of a stream ?2, ?3 rows; and how many time zones these have, the rows being ?4
-- ('': not all).
SELECT printf('%s%s=%d ', ?1, ?2, ?3) ||
       (SELECT CASE WHEN count(*) > 0 THEN printf('zones=%d ', count(DISTINCT value)) ELSE '' END
        FROM json_tree(iif(?4 = '', '[]', ?4)) WHERE key = 'timeZone' AND type = 'text')

-- name: check_some_id
-- The id of one of the rows ?1 that the client may ask about.
SELECT json_extract(value, '$.id') FROM json_each(?1) WHERE json_extract(value, '$.authorized') IS NOT 0 LIMIT 1

-- name: check_budget
-- The budgets of a run ?1 and of a month ?2 (0: none), the requests of a night ?3, and lists that need more than
-- one of the budgets ?4.
SELECT 'budget', iif(?4 <> '', 'limits_budget', NULL),
       rtrim(iif(?1 > 0, printf('%d requests a run, ', ?1), '') || iif(?2 > 0, printf('%d a month', ?2), ''), ', ')
       || CASE
           WHEN ?4 <> '' THEN '; a list is read in one run, and that is too little for ' || ?4
           WHEN ?3 > ?1 AND ?1 > 0 THEN printf('; a night is about %d runs', (?3 + ?1 - 1) / ?1)
           WHEN 30 * ?3 > ?2 AND ?2 > 0 THEN printf('; 30 nights need about %d', 30 * ?3)
           ELSE ''
       END

-- name: check_rows
-- Rows of a reading of each stream that was read since ?1, as check_counts has them: what answers to a check do not say.
SELECT ifnull(group_concat(printf('%s=%d ', stream, round(row_count)), ''), '')
FROM (
    SELECT stream, avg(row_count) AS row_count
    FROM (
        SELECT stream, max(rows_read) AS row_count
        FROM extract_window AS w JOIN window_pass AS p ON p.window_id = w.window_id
        WHERE read_at >= ?1 AND (window_start IS NOT NULL OR NOT EXISTS (
            SELECT 1 FROM extract_window AS o WHERE o.stream = w.stream AND o.window_start IS NOT NULL))
        GROUP BY w.window_id)
    GROUP BY stream)

-- name: check_pages
-- The most pages of one reading of the list ?1, by its last readings in the file.
SELECT max(ifnull(max(pages_read, (total_hits * pages_read + rows_read - 1) / nullif(rows_read, 0)), pages_read))
FROM extract_window AS w JOIN window_pass AS p ON p.window_id = w.window_id
WHERE stream = ?1 AND window_start IS NULL

-- name: check_claims
-- The usual ones of a token's claims ?1.
SELECT 'claims', NULL, coalesce(
    group_concat(claim || ' ' || json_quote(json_extract(?1, '$.' || claim)), ', '),
    'a JWT without the usual claims')
FROM (
    SELECT column1 AS claim
    FROM (VALUES ('iss'), ('aud'), ('sub'), ('org'), ('organization'), ('exp'), ('iat'))
    WHERE json_type(?1, '$.' || column1) IS NOT NULL)

-- name: check_divisions
-- Whether the grants ?1 leave out some of the divisions ?2 (NULL: they were not read, as ?3 says).
WITH
division AS (
    SELECT
        json_extract(value, '$.id') AS id,
        coalesce(json_extract(value, '$.name'), json_extract(value, '$.id')) AS name
    FROM json_each(?2, '$.entities')
),
missing AS (
    SELECT * FROM division WHERE id IS NOT NULL AND id NOT IN (
        SELECT ifnull(json_extract(value, '$.divisionId'), '') FROM json_each(?1))
)
SELECT
    'divisions', CASE WHEN ?2 IS NULL THEN 'skipped' WHEN missing > 0 THEN 'permission_divisions' END,
    iif(?2 IS NULL, 'the divisions cannot be listed: ' || ?3, CASE missing
        WHEN 0 THEN 'the roles cover ' || iif(listed > divisions, printf('the first %d of %d', divisions, listed), 'all ' || divisions)
        ELSE printf('no role covers %d of %d divisions: %s%s', missing, divisions, names,
                    iif(missing > 5, '...', ''))
    END)
FROM (
    SELECT
        (SELECT count(*) FROM missing) AS missing,
        (SELECT count(*) FROM division) AS divisions,
        ifnull(json_extract(?2, '$.total'), 0) AS listed,
        (SELECT group_concat(name, ', ') FROM (SELECT name FROM missing LIMIT 5)) AS names)

-- name: check_grants
-- A sentence, and a line to be typed, for each of the days of status_fewer.
SELECT 'grants', 'permission_grants',
    printf('%s to %s: %s: read when the client had fewer grants (roles, divisions) than today; this reads them again: %s',
           day_from, day_to, (SELECT group_concat(value, ', ') FROM json_each(streams)), line)
FROM status_fewer

-- name: check_limits
-- The requests a minute that a token may make, by the limits ?1 (that of such clients comes first; NULL: they were not read,
-- as ?2 says), beside the pace ?3; and how long a night of ?4 requests takes, and all of ?6 days at ?5 requests each.
WITH
known AS (
    SELECT (
        SELECT CAST(json_extract(value, '$.value') AS INTEGER)
        FROM json_each(?1, '$.entities')
        WHERE json_extract(value, '$.key')
            IN ('client.credentials.token.rate.per.minute', 'token.rate.per.minute')
        AND json_type(value, '$.value') IN ('integer', 'real') AND json_extract(value, '$.value') >= 1
        ORDER BY json_extract(value, '$.key') LIMIT 1) AS most
),
paced AS (SELECT min(?3, coalesce(most, 300)) AS pace FROM known),
night AS (SELECT (?4 + pace - 1) / pace AS minutes, (?5 * ?6 + pace - 1) / pace AS of_all FROM paced)
SELECT 'rate limit', CASE WHEN most IS NULL THEN 'limits_unread' WHEN ?3 > most THEN 'limits_pace' END,
    CASE WHEN ?1 IS NULL THEN ?2 WHEN most IS NULL THEN 'the answer does not hold it'
    ELSE printf('%d requests a minute a token; requests_per_minute is %d', most, ?3) END
FROM known
UNION ALL
SELECT 'night', iif(minutes > 8 * 60, 'limits_night', NULL),
    printf('about %d requests a night, %d min at this pace', ?4, minutes)
    || iif(?5 * ?6 > 0, printf('; the %d days since start, all read anew: about %d requests, %d min', ?6, ?5 * ?6, of_all), '')
FROM night

-- name: check_space
-- Whether ?1 free bytes are enough for thirty days beside a file of ?2: by yesterday's rows ?3, the least that is to be thought
-- of, or the file and the ?4 days in it, whichever is most a day.
WITH growth AS (
    SELECT 30 * max(?3 * 16384, 4 * 1048576, iif(?4 > 0, ?2 / ?4, 0)) AS bytes
)
SELECT 'disk', CASE WHEN ?1 < 64 * 1048576 THEN 'local_no_space' WHEN ?1 < bytes THEN 'local_little_space' END,
    (SELECT group_concat(iif(column1 >= 10240 * 1048576, printf('%d GB', column1 / 1024 / 1048576), printf('%d MB', column1 / 1048576)),
                         ' free; 30 days add about ') FROM (VALUES (?1), (bytes)))
FROM growth WHERE ?1 < 9223372036854775807

-- name: check_retention
-- How long the organization keeps data, by its settings ?1 (NULL: they were not read, as ?2 says), beside the start ?3, which
-- lies ?4 days back.
SELECT 'retention', CASE WHEN days IS NULL THEN 'skipped' WHEN ?4 > days THEN 'local_retention' END,
    iif(days IS NULL, 'not readable (it asks for analytics:dataRetention:view)' || iif(?2 = '', '', ': ' || ?2),
        printf('the organization keeps %d days; start %s ', days, ?3) || iif(?4 < 0, 'is still to come', printf('lies %d days back', ?4)))
FROM (SELECT CASE WHEN json_type(?1, '$.retentionDays') IN ('integer', 'real')
                  THEN CAST(json_extract(?1, '$.retentionDays') AS INTEGER) END AS days)
