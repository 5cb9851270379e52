-- The times of a full block's positions in one piece (see sqlite/times.rs): counting by time reads
-- this instead of a row for each. A block that was filled before this stands here once it is indexed anew.
CREATE TABLE block_times (
    block INTEGER PRIMARY KEY,
    times BLOB NOT NULL
) STRICT;
