-- A run that does not do all of it: which of its streams, and why.
ALTER TABLE run ADD COLUMN not_done TEXT; -- [personal] JSON object: streams not brought up to the planning time, each with its exit code's name and its error; NULL: not ended, or all done
