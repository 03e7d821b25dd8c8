ALTER TABLE sessions RENAME TO sessions_by_token;
DROP INDEX sessions_of_user;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE TABLE tokens (
    token_hash TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    predecessor TEXT,
    replaced_at BIGINT
);
CREATE INDEX tokens_of_session ON tokens (session_id);
CREATE INDEX tokens_by_replacement ON tokens (replaced_at);
INSERT INTO sessions (id, user_id, expires_at) SELECT token_hash, user_id, expires_at FROM sessions_by_token;
INSERT INTO tokens (token_hash, session_id) SELECT token_hash, token_hash FROM sessions_by_token;
DROP TABLE sessions_by_token;
CREATE TABLE attempts (
    email_hash TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX attempts_by_email ON attempts (email_hash, at);
CREATE INDEX attempts_by_age ON attempts (at);
CREATE TABLE signing_keys (
    id TEXT PRIMARY KEY,
    private_key TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
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
