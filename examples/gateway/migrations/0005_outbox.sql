-- Invalidations that a transaction has made necessary and that have not been delivered yet (docs/concepts/transactions.md).
create table granary_outbox (
  id bigint generated always as identity primary key,
  namespace text not null,
  body text not null,
  due_at timestamptz not null
);
create index granary_outbox_due on granary_outbox (namespace, due_at);
