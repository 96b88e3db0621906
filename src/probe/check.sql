-- What answers of the API tell a check (probe/check.c).

-- name: check_client
-- The OAuth client ?1 as /api/v2/tokens/me has it: what is wrong with it (0: nothing, 1: its state, 2: its
-- grant type, 3: it has no roles), a sentence about it, and its grants where divisions limit them.
WITH
client AS (
    SELECT
        coalesce(json_extract(?1, '$.name'), '') AS name,
        coalesce(json_extract(?1, '$.state'), '') AS state,
        coalesce(json_extract(?1, '$.authorizedGrantType'), '') AS grant_type,
        json_extract(?1, '$.dateToDelete') AS until,
        json_type(?1, '$.roleDivisions') IS 'array' AS has_grants,
        json_extract(?1, '$.roleDivisions') AS grants
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
            WHEN state <> '' AND lower(state) <> 'active' THEN 1
            WHEN grant_type <> '' AND replace(lower(grant_type), '_', '-') <> 'client-credentials'
                THEN 2
            WHEN has_grants AND roles = 0 THEN 3
            ELSE 0
        END AS wrong
    FROM client, granted
)
SELECT
    wrong,
    printf('"%s", %s, %s; %d role%s in %d division%s%s', name, coalesce(nullif(state, ''), 'state not said'),
           coalesce(nullif(grant_type, ''), 'grant type not said'), roles, iif(roles = 1, '', 's'),
           divisions, iif(divisions = 1, '', 's'),
           iif(wrong = 1 AND until <> '', '; to be deleted ' || until, '')),
    iif(divisions > 0 AND NOT of_all, grants, NULL)
FROM judged

-- name: check_claims
-- The usual ones of a token's claims ?1.
SELECT coalesce(
    group_concat(claim || ' ' || json_quote(json_extract(?1, '$.' || claim)), ', '),
    'a JWT without the usual claims')
FROM (
    SELECT column1 AS claim
    FROM (VALUES ('iss'), ('aud'), ('sub'), ('org'), ('organization'), ('exp'), ('iat'))
    WHERE json_type(?1, '$.' || column1) IS NOT NULL)

-- name: check_divisions
-- Whether the grants ?1 leave out some of the divisions ?2, and a sentence about that.
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
    missing > 0,
    CASE missing
        WHEN 0 THEN 'the roles cover all ' || divisions
        ELSE printf('no role covers %d of %d divisions: %s%s', missing, divisions, names,
                    iif(missing > 5, '...', ''))
    END
FROM (
    SELECT
        (SELECT count(*) FROM missing) AS missing,
        (SELECT count(*) FROM division) AS divisions,
        (SELECT group_concat(name, ', ') FROM (SELECT name FROM missing LIMIT 5)) AS names)

-- name: check_rate_limit
-- The requests a minute that a token may make, by the limits ?1; that of such clients comes first.
SELECT CAST(json_extract(value, '$.value') AS INTEGER)
FROM json_each(?1, '$.entities')
WHERE json_extract(value, '$.key')
    IN ('client.credentials.token.rate.per.minute', 'token.rate.per.minute')
AND json_type(value, '$.value') IN ('integer', 'real') AND json_extract(value, '$.value') >= 1
ORDER BY json_extract(value, '$.key') LIMIT 1
