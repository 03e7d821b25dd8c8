CREATE TABLE requests (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    refusal TEXT,
    answer TEXT,
    PRIMARY KEY (scope, key)
);
CREATE INDEX requests_by_age ON requests (created_at);
CREATE TABLE forgotten (
    user_id TEXT PRIMARY KEY,
    at BIGINT NOT NULL
);
