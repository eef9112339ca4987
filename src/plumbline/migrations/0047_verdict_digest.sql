-- migrate:up
set local lock_timeout = '4s';

create function verdict_digest(judged verdict) returns text language sql stable
return encode(sha256(convert_to(
    jsonb_build_array(judged.outcome, judged.reasons, judged.inputs, judged.rule_version)::text, 'UTF8')), 'hex');
comment on function verdict_digest is
    'What the custody entry of a verdict says of it, so that outcome, reasons and all inputs are in the log.';
