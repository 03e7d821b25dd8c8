CREATE TABLE categories (
    slug TEXT PRIMARY KEY,
    products BIGINT NOT NULL CHECK (products >= 0)
);
INSERT INTO categories (slug, products) SELECT category_slug, count(*) FROM products GROUP BY category_slug;
CREATE INDEX products_by_category_newest ON products (category_slug, number, id);
CREATE INDEX products_by_category_price ON products (category_slug, price_from, slug);
DROP INDEX variants_by_price;
CREATE INDEX variants_by_price ON variants (price, product_id, available) WHERE withdrawn = 0;
