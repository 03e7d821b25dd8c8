CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY);
CREATE TABLE cards (
    token TEXT PRIMARY KEY,
    behaviour TEXT NOT NULL
);
CREATE TABLE charges (
    number INTEGER PRIMARY KEY,
    reference TEXT NOT NULL,
    state TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    refunded BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);
CREATE INDEX charges_of_reference ON charges (reference);
