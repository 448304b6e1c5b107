create table goodie (name text primary key);
