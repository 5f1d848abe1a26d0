-- The last legal number taken from each series and year.
create table number_series (
    series text not null,
    year bigint not null,
    last bigint not null check (last > 0),
    primary key (series, year)
);
