create table plans (
  id bigserial primary key,
  name varchar(100) not null unique,
  tier text,
  plan_type text not null,
  description text not null default '',
  price_per_month numeric(10, 2) not null,
  daily_request_limit integer not null,
  monthly_request_limit integer not null,
  daily_token_limit integer not null,
  monthly_token_limit integer not null,
  max_concurrent_requests integer not null,
  features jsonb not null default '[]',
  is_active boolean not null default true,
  created_at timestamptz not null default now()
);

create table user_plans (
  id bigserial primary key,
  user_id bigint not null references users (id) on delete cascade,
  plan_id bigint not null references plans (id),
  is_active boolean not null default true,
  started_at timestamptz not null default now(),
  expires_at timestamptz
);
-- At most one plan is in force: two concurrent assignments cannot both win.
create unique index user_plans_in_force on user_plans (user_id) where is_active;

create table trial_config (
  id bigserial primary key,
  trial_days integer not null,
  trial_credits numeric(10, 4) not null,
  trial_tokens integer not null,
  trial_requests integer not null,
  trial_max_concurrent_requests integer not null,
  is_active boolean not null default true
);
