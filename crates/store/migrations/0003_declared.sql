-- The digest of what the configuration declared last: an unchanged declaration is not compared again.
ALTER TABLE tenants ADD COLUMN declared BLOB;
