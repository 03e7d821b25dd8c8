CREATE VIRTUAL TABLE search_by_prefix USING fts5 (
    title, brand, category, variants, description,
    prefix = '1 2 3 4 5 6 7 8', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO search_by_prefix (rowid, title, brand, category, variants, description)
    SELECT rowid, title, brand, category, variants, description FROM search;
DROP TABLE search;
ALTER TABLE search_by_prefix RENAME TO search;
