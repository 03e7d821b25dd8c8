CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY);
CREATE TABLE products (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,
    brand TEXT NOT NULL,
    category TEXT NOT NULL,
    category_slug TEXT NOT NULL,
    description TEXT NOT NULL,
    price_from BIGINT NOT NULL,
    number BIGINT NOT NULL UNIQUE
);
CREATE INDEX products_by_title ON products (title_key, slug);
CREATE INDEX products_by_price ON products (price_from, slug);
CREATE INDEX products_by_category ON products (category_slug, title_key, slug);
CREATE TABLE variants (
    id TEXT PRIMARY KEY,
    product_id TEXT NOT NULL REFERENCES products (id),
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    sku TEXT NOT NULL,
    price BIGINT NOT NULL CHECK (price >= 0),
    currency TEXT NOT NULL,
    available BIGINT NOT NULL CHECK (available >= 0),
    reserved BIGINT NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    sold BIGINT NOT NULL DEFAULT 0 CHECK (sold >= 0),
    withdrawn BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX variants_of_product ON variants (product_id, position);
CREATE TABLE reservations (
    order_id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    reason TEXT,
    message TEXT,
    lines TEXT NOT NULL,
    total BIGINT NOT NULL,
    currency TEXT NOT NULL
);
