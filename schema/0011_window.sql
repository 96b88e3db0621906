-- Later looks: days are read again at certain ages once the lookback is over. Those that were settled
-- before owe none.
ALTER TABLE extract_window ADD COLUMN looks INTEGER NOT NULL DEFAULT 1; -- 0: settled by a program that made no later looks: it owes none
UPDATE extract_window SET looks = 0 WHERE state = 'settled';
