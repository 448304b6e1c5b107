# Lists what PostgreSQL is doing: pid, user, application, state, since when, the client's address (`local`: a socket of the
# host), statement; tabs between.
# In: relm_psql (text for sh: psql, or how one becomes a user who may use it), relm_age in seconds, and relm_owner and
# relm_application (nothing: anybody's).
# Sessions whose state this user may not see have none, and words in place of the statement; those that tell nothing of what
# they do (track_activities) are `disabled`: both are told too. One that has just begun has neither state nor statement, and does
# nothing yet. The last line says that it was asked at all.
eval "$relm_psql"' -X -A -t -q -v ON_ERROR_STOP=1 -v age="$relm_age" -v owner="$relm_owner" -v application="$relm_application"' <<'SQL'
select concat_ws(E'\t', pid, usename, coalesce(translate(application_name, E'\t\n', '  '), ''), coalesce(state, 'unknown'),
  coalesce(to_char(coalesce(xact_start, query_start) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), '?'),
  coalesce(host(client_addr), 'local'),
  left(translate(query, E'\t\r\n', '   '), 120))
from pg_stat_activity
where pid <> pg_backend_pid() and usename is not null and datname is not null
  and (:'owner' = '' or usename = :'owner')
  and (:'application' = '' or application_name = :'application' or state is null)
  and (state is null and query is distinct from '' or state = 'disabled' or state <> 'idle' and now() - coalesce(xact_start, query_start) >= :'age'::int * interval '1 second')
order by xact_start nulls last;
select 'seen';
SQL
