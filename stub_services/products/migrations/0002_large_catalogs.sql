CREATE INDEX variants_by_price ON variants (price, product_id);
CREATE INDEX variants_offered ON variants (product_id, available, price) WHERE withdrawn = 0;
CREATE INDEX products_by_category_name ON products (category_slug, category);
