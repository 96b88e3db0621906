-- Historical adherence: whom it is asked of, and which of two units has an agent's day.

-- name: adherence_historical_units
SELECT management_unit_id, time_zone, business_unit_id FROM management_unit WHERE deleted_at IS NULL

-- Of two units that report a day the one that the agent is in counts; of none such, or both, the one
-- with the higher id, so that the order in which they are read decides nothing. A unit that is deleted
-- holds none.
-- name: adherence_historical_day_holds
{stored}.left_unit_at IS NULL AND
NOT EXISTS (SELECT 1 FROM management_unit AS u WHERE u.management_unit_id = {stored}.management_unit_id
            AND u.deleted_at IS NOT NULL) AND
(EXISTS (SELECT 1 FROM management_unit_user AS m WHERE m.user_id = {stored}.user_id
         AND m.management_unit_id = {stored}.management_unit_id AND m.deleted_at IS NULL),
 {stored}.management_unit_id)
> (EXISTS (SELECT 1 FROM management_unit_user AS m WHERE m.user_id = {new}.user_id
           AND m.management_unit_id = {new}.management_unit_id AND m.deleted_at IS NULL),
   {new}.management_unit_id)

-- A period goes with the day, which was written before it.
-- name: adherence_historical_period_holds
{new}.management_unit_id IS NOT (SELECT d.management_unit_id FROM adherence_day AS d
                               WHERE d.user_id = {new}.user_id AND d.business_day = {new}.business_day)
