CREATE VIRTUAL TABLE search USING fts5 (
    title, brand, category, variants, description,
    prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2'
);
