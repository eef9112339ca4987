-- migrate:up
set local lock_timeout = '4s';

-- A phone may prove its key, and gets a token with which it hands in what it captured, and does nothing else.
alter table access_token
    add column challenge bytea check (octet_length(challenge) = 32),
    add constraint hand_in_is_of_a_phone check (challenge is null or phone_id is not null);
comment on column access_token.challenge is
    'SHA-256 of the challenge that the phone''s key answered: the token only hands in. Null: somebody signed in.';
create unique index challenge_answered_once on access_token (challenge) where challenge is not null;
