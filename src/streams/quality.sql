-- Evaluations of the conversations that began from ?3 to ?4, and those of these that have surveys.

-- name: quality_evaluations
SELECT DISTINCT conversation_id || '/' || evaluation_id
FROM conversation JOIN evaluation USING (conversation_key)
WHERE conversation_start >= ?3 AND conversation_start < ?4 AND evaluation_id IS NOT NULL
ORDER BY 1;

-- name: quality_surveys
SELECT DISTINCT conversation_id
FROM conversation JOIN survey USING (conversation_key)
WHERE conversation_start >= ?3 AND conversation_start < ?4
ORDER BY 1;

-- Versions of forms that evaluations go by and whose questions are not known yet, and those of the
-- list that are others now.
-- name: quality_evaluation_forms
SELECT evaluation_form_id FROM evaluation_detail
WHERE evaluation_form_id NOT IN (SELECT evaluation_form_id FROM evaluation_form_detail)
UNION
SELECT evaluation_form_id FROM evaluation_form AS f
LEFT JOIN evaluation_form_detail AS d USING (evaluation_form_id)
WHERE deleted_at IS NULL AND f.modified_date IS NOT d.modified_date
ORDER BY 1;

-- name: quality_survey_forms
SELECT survey_form_id FROM survey_detail
WHERE survey_form_id NOT IN (SELECT survey_form_id FROM survey_form_detail)
UNION
SELECT survey_form_id FROM survey_form AS f
LEFT JOIN survey_form_detail AS d USING (survey_form_id)
WHERE deleted_at IS NULL AND f.modified_date IS NOT d.modified_date
ORDER BY 1;
