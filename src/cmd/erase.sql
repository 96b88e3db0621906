-- Erasing a person (cmd/erase.c). The function erased(TEXT) says what of the erased a text holds: 1 a contact,
-- 2 a participant, 4 an address, 8 a derived address. Which columns hold personal data says temp.dictionary.

-- name: erase_temporary
-- The person's participants, what they say of her, and what goes: a row each, with how many values. Those that came
-- scrubbed since an erasure do not say whose they are: what their conversations have brought besides goes now.
CREATE TEMP TABLE person (conversation_key INTEGER, participant_no INTEGER,
    PRIMARY KEY (conversation_key, participant_no)) WITHOUT ROWID;
INSERT INTO temp.person SELECT conversation_key, participant_no FROM participant WHERE erased_at IS NOT NULL;
CREATE TEMP TABLE said (conversation_key INTEGER, text TEXT, PRIMARY KEY (conversation_key, text)) WITHOUT ROWID;
CREATE TEMP TABLE address (address TEXT, stays INTEGER);
CREATE TEMP TABLE ours AS SELECT conversation_key FROM session WHERE CASE direction
    WHEN 'outbound' THEN erased(ani) | erased(address_from) WHEN 'inbound' THEN erased(dnis) | erased(address_to) END & 7
UNION ALL SELECT 0 FROM user WHERE (erased(addresses) | erased(email) | erased(primary_contact_info)) & 7;
CREATE TEMP TABLE removed (relation TEXT, conversation_key INTEGER, found INTEGER)

-- name: erase_find_person
-- Writes what finds them: by an id of their own, or those of outside by an address that was given.
WITH personal AS (
    SELECT relation, group_concat(printf('erased("%w")', name), ' | ') AS finds
    FROM temp.dictionary WHERE personal IN ('personal', 'person') GROUP BY relation),
ids AS (
    SELECT group_concat(printf('erased("%w")', name), ' | ') AS finds
    FROM temp.dictionary WHERE personal = 'person' AND relation = 'participant')
SELECT 'INSERT OR IGNORE INTO temp.person SELECT conversation_key, participant_no FROM participant WHERE ' || finds
FROM ids
UNION ALL
SELECT printf('INSERT OR IGNORE INTO temp.person SELECT p.conversation_key, p.participant_no FROM (
    SELECT conversation_key, participant_no FROM "%w" WHERE (%s) & 4) AS t
    JOIN participant AS p USING (conversation_key, participant_no) WHERE p.purpose IN (''customer'', ''external'')',
    relation, finds)
FROM personal WHERE ?1 AND relation IN ('participant', 'session', 'session_flow')

-- name: erase_addresses
-- The person's addresses as her sessions name them, and which stay: those that sessions have on the organization's side,
-- and what is nobody's own (anonymous, an extension): what has neither seven digits nor a host that there may be.
WITH own AS (
    SELECT CASE s.direction WHEN 'outbound' THEN s.dnis ELSE s.ani END AS address
    FROM temp.person JOIN session AS s USING (conversation_key, participant_no)
    UNION SELECT CASE s.direction WHEN 'outbound' THEN s.session_dnis END
    FROM temp.person JOIN session AS s USING (conversation_key, participant_no)
    UNION SELECT CASE s.direction WHEN 'outbound' THEN s.address_to ELSE s.address_from END
    FROM temp.person JOIN session AS s USING (conversation_key, participant_no)
    UNION SELECT s.address_self FROM temp.person JOIN session AS s USING (conversation_key, participant_no)
    UNION SELECT n.value FROM temp.person JOIN session AS s USING (conversation_key, participant_no),
        json_each(s.callback_numbers) AS n)
INSERT INTO temp.address
SELECT address, address NOT GLOB '*[0-9]*[0-9]*[0-9]*[0-9]*[0-9]*[0-9]*[0-9]*' AND address NOT LIKE '%@%'
    OR address LIKE '%anonymous@%' OR address LIKE '%.invalid%' OR address LIKE '%@localhost%' OR EXISTS (
    SELECT 1 FROM session AS s
    WHERE (s.direction = 'outbound' AND address IN (s.ani, s.address_from))
    OR (s.direction = 'inbound' AND address IN (s.dnis, s.session_dnis, s.address_to)))
FROM own WHERE length(address) >= 4

-- name: erase_own_addresses
SELECT address, count(*) OVER () FROM temp.address WHERE NOT stays

-- name: erase_conversations
SELECT conversation_id, count(*) OVER () FROM conversation WHERE conversation_key IN (SELECT conversation_key FROM temp.person)

-- name: erase_said
INSERT OR IGNORE INTO temp.said
SELECT conversation_key, lower(text) FROM (
    SELECT p.*, CASE n.column1 WHEN 1 THEN participant_name WHEN 2 THEN participant_id WHEN 3 THEN external_contact_id
        ELSE external_organization_id END AS text
    FROM temp.person JOIN participant AS p USING (conversation_key, participant_no)
    CROSS JOIN (VALUES (1), (2), (3), (4)) AS n)
WHERE length(text) >= 4

-- name: erase_tables
-- Writes, a table each, what counts what goes, and what removes it. A row is hers whole, or where a column
-- holds what was erased or, in her conversations, what her participants say; notes go with her conversations.
WITH RECURSIVE one AS (
    SELECT
        d.relation, d.name, d.personal, d.position,
        max(d.name = 'conversation_key') OVER w AS has_key, max(d.name = 'participant_no') OVER w AS has_no,
        max(d.name = 'survey_id') OVER w AS has_survey
    FROM temp.dictionary AS d
    WHERE EXISTS (SELECT 1 FROM temp.dictionary AS p
                  WHERE p.relation = d.relation AND p.personal IS NOT NULL AND p.type <> 'BLOB')
    AND d.position > 0 AND d.kind = 'table'
    WINDOW w AS (PARTITION BY d.relation)),
gone AS (
    SELECT
        relation, name, has_key,
        printf('(t."%w" IS NOT NULL AND (erased(t."%w") > 0%s%s%s))', name, name,
            CASE
                WHEN has_no THEN ' OR (t.conversation_key, t.participant_no) IN temp.person'
                WHEN has_survey AND relation <> 'survey' THEN ' OR t.survey_id IN (
                    SELECT survey_id FROM survey_detail JOIN conversation USING (conversation_id)
                    WHERE conversation_key IN (SELECT conversation_key FROM temp.person))'
                ELSE '' END,
            CASE WHEN personal = 'note' THEN ' OR t.conversation_key IN (SELECT conversation_key FROM temp.person)'
                ELSE '' END,
            CASE WHEN relation = 'data_problem' THEN ' OR EXISTS (SELECT 1 FROM temp.said AS s WHERE instr(lower(t.example), s.text))'
                WHEN has_key THEN printf(' OR EXISTS (SELECT 1 FROM temp.said AS s
                    WHERE s.conversation_key = t.conversation_key AND instr(lower(t."%w"), s.text))', name)
                ELSE '' END) AS goes
    FROM one WHERE personal IS NOT NULL)
SELECT
    printf('INSERT INTO temp.removed SELECT ''%w'', key, n FROM (SELECT %s AS key, %s AS n FROM "%w" AS t) WHERE n > 0',
        relation, CASE WHEN has_key THEN 't.conversation_key' ELSE 'NULL' END, group_concat(goes, ' + '), relation),
    printf('UPDATE "%w" AS t SET %s WHERE %s AND EXISTS (SELECT 1 FROM temp.removed WHERE relation = ''%w'')', relation,
        group_concat(printf('"%w" = CASE WHEN NOT %s THEN "%w" END', name, goes, name), ', '),
        '(' || group_concat(goes, ' OR ') || ')', relation)
FROM gone GROUP BY relation

-- name: erase_raw_pages
SELECT p.raw_page_id, w.stream, p.plan, p.encoding, p.bytes
FROM raw_page AS p JOIN extract_window AS w USING (window_id) ORDER BY p.raw_page_id

-- name: erase_raw_page
UPDATE raw_page SET bytes = ?2, encoding = 'identity' WHERE raw_page_id = ?1

-- name: erase_names
-- What stands in the names of attributes and of fields.
CREATE TEMP TABLE name AS SELECT name FROM attribute_key WHERE erased(name);
INSERT INTO temp.removed SELECT 'participant_attribute', conversation_key, 1 FROM participant_attribute
WHERE name IN (SELECT name FROM temp.name);
UPDATE OR REPLACE participant_attribute SET name = 'erased' WHERE name IN (SELECT name FROM temp.name);
UPDATE OR REPLACE attribute_key SET name = 'erased' WHERE name IN (SELECT name FROM temp.name);
INSERT INTO temp.name
WITH RECURSIVE part (path, rest) AS (
    SELECT path, path FROM (SELECT path FROM unknown_field UNION SELECT path FROM data_problem)
    UNION ALL SELECT path, substr(rest, instr(rest, '.') + 1) FROM part WHERE instr(rest, '.') > 0)
SELECT DISTINCT path FROM part WHERE erased(rest);
INSERT INTO temp.removed SELECT 'unknown_field', NULL, 1 FROM unknown_field WHERE path IN (SELECT name FROM temp.name);
DELETE FROM unknown_field WHERE path IN (SELECT name FROM temp.name);
DELETE FROM data_problem WHERE path IN (SELECT name FROM temp.name)

-- name: erase_finish
-- Without a hash a conversation that comes again is written once more, and is no change.
UPDATE participant SET erased_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE erased_at IS NULL AND (conversation_key, participant_no) IN temp.person;
UPDATE erased SET is_clean = 0 WHERE EXISTS (SELECT 1 FROM temp.removed);
UPDATE conversation SET row_hash = NULL, row_attribute_hash = NULL
WHERE conversation_key IN (SELECT conversation_key FROM temp.removed);
UPDATE attribute_key SET (conversations, cut_count, conflicts, longest_length) = (found.n, found.cut, found.conflict, found.longest)
FROM (
    SELECT name, count(*) AS n, sum(cut) AS cut, sum(conflict) AS conflict, max(longest) AS longest FROM (
        SELECT name, count(CASE WHEN length(value) = 1024 THEN 1 END) AS cut,
            ifnull(min(value) <> max(value), 0) AS conflict, ifnull(max(length(value)), 0) AS longest
        FROM participant_attribute GROUP BY name, conversation_key)
    GROUP BY name) AS found
WHERE found.name = attribute_key.name
AND EXISTS (SELECT 1 FROM temp.removed WHERE relation = 'participant_attribute');
INSERT OR IGNORE INTO fact_owed SELECT conversation_key FROM temp.removed WHERE conversation_key IS NOT NULL

-- name: erase_removed
SELECT relation AS "table", count(*) AS "rows", sum(found) AS "values" FROM temp.removed GROUP BY relation ORDER BY 1

-- name: erase_told
-- Before it is removed: addresses of hers, and where what was given is the organization's own.
SELECT 'The person''s address, wherever it stands: ' || address FROM temp.address WHERE NOT stays
UNION ALL
SELECT 'An address that stays, since it is not hers alone (--address removes it): ' || address
FROM temp.address WHERE stays
UNION ALL
SELECT printf('Careful: in %d places it is the organization''s own, or one of its people''s.', places) FROM (SELECT
    (SELECT count(*) FROM temp.ours)
    + (SELECT count(*) FROM did WHERE erased(phone_number) & 7)
    + (SELECT count(*) FROM queue WHERE (erased(calling_party_number) | erased(outbound_email_address)) & 7)
    + (SELECT count(*) FROM temp.person JOIN participant AS p USING (conversation_key, participant_no)
       WHERE p.user_id IS NOT NULL) AS places)
WHERE places > 0

-- name: erase_done
-- ?1: rows that went.
SELECT CASE WHEN ?1 > 0 THEN 'Removed; no byte of it is left in the file.'
    ELSE 'Nothing of it is stored; what comes is kept out.' END
UNION ALL SELECT 'Earlier exports, snapshots and backups may still hold it; write them anew, or delete them.'
UNION ALL SELECT * FROM (SELECT '  ' || path || ' (' || made_at || ')' FROM copy_made ORDER BY made_at)

