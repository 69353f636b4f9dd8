create table users (
  id bigserial primary key,
  username varchar(255) not null unique,
  email varchar(255) not null unique,
  privy_user_id varchar(255) unique,
  role text not null default 'user',
  tier varchar(50) not null default 'basic',
  is_active boolean not null default true,
  subscription_status varchar(50) not null default 'trial'
    check (subscription_status in ('trial', 'active', 'expired', 'canceled', 'past_due', 'bot', 'suspended')),
  trial_expires_at timestamptz,
  subscription_allowance numeric(10, 4) not null default 0 check (subscription_allowance >= 0),
  purchased_credits numeric(10, 4) not null default 0 check (purchased_credits >= 0),
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- There is no column for the key itself: whoever reads this table, or a backup of it, cannot call the gateway.
create table api_keys_new (
  id bigserial primary key,
  user_id bigint not null references users (id) on delete cascade,
  key_hash text not null unique,
  last4 varchar(4) not null,
  key_name text not null,
  environment_tag varchar(20) not null default 'live'
    check (environment_tag in ('live', 'test', 'staging', 'development')),
  is_primary boolean not null default false,
  is_active boolean not null default true,
  scope_permissions jsonb not null default '{}',
  ip_allowlist text[] not null default '{}',
  domain_referrers text[] not null default '{}',
  expiration_date timestamptz,
  max_requests integer,
  requests_used integer not null default 0,
  last_used_at timestamptz,
  rate_limit_config jsonb,
  is_trial boolean not null default false,
  trial_start_date timestamptz,
  trial_end_date timestamptz,
  trial_max_requests integer,
  trial_max_tokens integer,
  trial_credits numeric(10, 4),
  trial_used_requests integer not null default 0,
  trial_used_tokens integer not null default 0,
  trial_used_credits numeric(10, 4) not null default 0,
  trial_converted boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index api_keys_new_user on api_keys_new (user_id);

create table api_key_audit_logs (
  id bigserial primary key,
  user_id bigint not null references users (id) on delete cascade,
  api_key_id bigint references api_keys_new (id) on delete set null,
  action text not null,
  details jsonb not null default '{}',
  timestamp timestamptz not null default now()
);
create index api_key_audit_logs_key on api_key_audit_logs (api_key_id, timestamp);

create table rate_limit_configs (
  id bigserial primary key,
  api_key_id bigint not null unique references api_keys_new (id) on delete cascade,
  requests_per_minute integer not null,
  requests_per_hour integer not null,
  requests_per_day integer not null,
  tokens_per_minute integer not null,
  tokens_per_hour integer not null,
  tokens_per_day integer not null,
  burst_limit integer not null,
  concurrency_limit integer not null,
  window_size integer not null default 60,
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
