-- migrate:up
set local lock_timeout = '4s';

alter table jurisdiction_policy
    drop constraint jurisdiction_policy_name_check,
    add constraint jurisdiction_policy_name_check
        check (name in ('LEAD_DAYS', 'SIGN_CHECK_DAYS', 'REVIEW_DAYS', 'URGENT_APPROVAL_HOURS'));
comment on table jurisdiction_policy is
    'Numbers that a government sets, in the unit that their name says, from a Beijing civil day on; the nearest government '
    'above a unit decides.';

alter table inspection_current add column approval_due timestamptz;
comment on column inspection_current.approval_due is
    'Of an urgent visit that nobody has approved yet: after that instant it lacks the approval, and what is kept here is '
    'derived anew.';
create index inspection_current_approval_due on inspection_current (approval_due) where approval_due is not null;
