"""A corpus on its way to the model: read, cleaned, encoded, put into batches."""
