create table credit_transactions (
  id bigserial primary key,
  user_id bigint not null references users (id) on delete cascade,
  amount numeric(10, 4) not null,
  transaction_type varchar(50) not null,
  description text not null default '',
  balance_before numeric(10, 4) not null,
  balance_after numeric(10, 4) not null check (balance_after >= 0),
  metadata jsonb not null default '{}',
  request_id uuid,
  created_by text not null default 'system',
  created_at timestamptz not null default now()
);
create index credit_transactions_user on credit_transactions (user_id, id desc);
-- A request that is sent twice moves money once.
create unique index credit_transactions_request on credit_transactions (request_id) where request_id is not null;

create table usage_records (
  id bigserial primary key,
  user_id bigint not null references users (id) on delete cascade,
  api_key_id bigint references api_keys_new (id) on delete set null,
  model text not null,
  tokens_used integer not null,
  cost numeric(10, 6) not null,
  timestamp timestamptz not null default now()
);
create index usage_records_user on usage_records (user_id, timestamp);
