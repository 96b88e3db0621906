-- What lists are asked for one by one.

-- name: lists_queues
SELECT queue_id FROM queue WHERE deleted_at IS NULL

-- name: lists_teams
SELECT team_id FROM team WHERE deleted_at IS NULL

-- Those that the list itself says are not the client's would only refuse it.
-- name: lists_business_units
SELECT business_unit_id FROM business_unit WHERE deleted_at IS NULL AND authorized IS NOT 0

-- name: lists_management_units
SELECT management_unit_id FROM management_unit WHERE deleted_at IS NULL
