"""ProductService: the catalog and its stock."""
