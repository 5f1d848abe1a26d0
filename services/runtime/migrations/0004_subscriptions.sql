-- How far this service has read each journal that it follows.
create table subscriptions (
    name text not null primary key,
    position bigint not null check (position >= 0)
);
