-- One row per forgotten user, so that a file delivered again does not bring the person back. The
-- digest is that of the id in the source, by which rejected rows that hold it are recognised.
create table raw.forgotten_users (
    user_id uuid primary key,
    source_user_id_digest bytea,
    forgotten_at timestamptz not null default current_timestamp
);
