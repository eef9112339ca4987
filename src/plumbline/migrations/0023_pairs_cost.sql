-- migrate:up
set local lock_timeout = '4s';

-- Seventy microseconds a text, measured: rather any index than that for every device in turn.
alter function bigrams(text) cost 10000;
