CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY);
CREATE TABLE orders (
    id TEXT PRIMARY KEY,
    number BIGINT UNIQUE,
    user_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    message TEXT,
    fingerprint TEXT,
    cart_id TEXT,
    cart_version BIGINT,
    address TEXT,
    shipping TEXT,
    currency TEXT NOT NULL,
    items BIGINT NOT NULL,
    shipping_price BIGINT NOT NULL,
    total BIGINT NOT NULL,
    payment_id TEXT,
    intent_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX orders_of_user ON orders (user_id, number);
CREATE INDEX orders_by_state ON orders (state, expires_at);
CREATE TABLE lines (
    order_id TEXT NOT NULL REFERENCES orders (id),
    position BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    offer TEXT NOT NULL,
    PRIMARY KEY (order_id, position)
);
CREATE TABLE claims (
    payment_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX claims_of_order ON claims (order_id);
CREATE TABLE outbox (
    kind TEXT NOT NULL,
    order_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    PRIMARY KEY (kind, order_id, payment_id)
);
