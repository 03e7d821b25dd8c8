CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY);
CREATE TABLE carts (
    id TEXT PRIMARY KEY,
    user_id TEXT UNIQUE,
    version BIGINT NOT NULL,
    address TEXT,
    email TEXT,
    shipping TEXT,
    merged_into TEXT
);
CREATE TABLE lines (
    id TEXT PRIMARY KEY,
    cart_id TEXT NOT NULL REFERENCES carts (id),
    variant_id TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity >= 1),
    position BIGINT NOT NULL,
    offer TEXT NOT NULL,
    UNIQUE (cart_id, variant_id)
);
CREATE TABLE taken (
    order_id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    cart_id TEXT,
    lines TEXT NOT NULL,
    shipping TEXT
);
