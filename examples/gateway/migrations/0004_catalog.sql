create table providers (
  id bigserial primary key,
  name varchar(255) not null,
  slug varchar(100) not null unique,
  is_active boolean not null default true,
  site_url text,
  logo_url text,
  health_status varchar(20) not null default 'unknown'
    check (health_status in ('healthy', 'degraded', 'down', 'unknown')),
  metadata jsonb not null default '{}'
);

create table models (
  id bigserial primary key,
  provider_id bigint not null references providers (id) on delete cascade,
  model_name text not null,
  provider_model_id text not null,
  description text,
  context_length integer,
  modality text not null default 'text->text',
  supports_streaming boolean not null default true,
  supports_function_calling boolean not null default false,
  supports_vision boolean not null default false,
  max_output_tokens integer,
  is_free boolean not null default false,
  is_active boolean not null default true,
  health_status varchar(20) not null default 'unknown'
    check (health_status in ('healthy', 'degraded', 'down', 'unknown')),
  metadata jsonb not null default '{}',
  updated_at timestamptz not null default now(),
  unique (provider_id, provider_model_id)
);
create index models_name on models (model_name);

create table model_pricing (
  id bigserial primary key,
  model_id bigint not null unique references models (id) on delete cascade,
  price_per_input_token numeric(20, 15) not null check (price_per_input_token >= 0),
  price_per_output_token numeric(20, 15) not null check (price_per_output_token >= 0),
  price_per_request numeric(20, 15) not null default 0,
  pricing_source varchar(50) not null default 'manual',
  last_updated timestamptz not null default now()
);
