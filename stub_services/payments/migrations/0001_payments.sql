CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY);
CREATE TABLE methods (
    token TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX methods_of_user ON methods (user_id, created_at);
CREATE TABLE payments (
    id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    method TEXT NOT NULL,
    label TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    amount BIGINT,
    currency TEXT,
    created_at BIGINT NOT NULL,
    charging_at BIGINT,
    number BIGINT NOT NULL UNIQUE
);
CREATE INDEX payments_of_order ON payments (order_id, user_id, number);
CREATE INDEX payments_by_state ON payments (state);
CREATE UNIQUE INDEX one_live_payment ON payments (order_id, user_id)
    WHERE state IN ('created', 'charging', 'captured', 'settled', 'refunding');
CREATE TABLE outbox (
    kind TEXT NOT NULL,
    order_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    PRIMARY KEY (kind, order_id, payment_id)
);
