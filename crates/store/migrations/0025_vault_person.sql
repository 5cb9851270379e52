-- For whom an agent sent a value that was taken out of its request: erased with either of the two.
ALTER TABLE kept_values ADD COLUMN person TEXT;
