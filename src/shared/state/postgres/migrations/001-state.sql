-- Sources, articles, the event log, places of sinks, larger texts. Run with the namespace's schema as search_path.
-- Rows and bodies are text, not jsonb: key order and -0 must come back as they were. Keys compare by byte.

create table meta (
  name text collate "C" primary key,
  value text not null
);

-- One row, under whose lock commits number events: so the order of numbers is the order of commit.
create table head (
  first bigint not null,
  last bigint not null,
  time bigint not null,
  articles bigint not null,
  sources bigint not null,
  rejected bigint not null
);
insert into head values (1, 0, 0, 0, 0, 0);

-- Apart from head: a reader that numbers observations does not wait for commits.
create table seen (number bigint not null);
insert into seen values (0);

create table sources (
  -- The key, or where it is too long for an index its beginning and a hash; the whole key is then in full_key.
  key text collate "C" primary key,
  full_key text,
  gone boolean not null,
  rejected boolean not null,
  at bigint not null,
  row text not null
);
create index sources_rejected on sources (key) where rejected;

create table articles (
  id text collate "C" primary key,
  revision bigint not null,
  live boolean not null,
  at bigint not null,
  sequence bigint not null,
  row text not null,
  body text not null
);

create table log (
  number bigint primary key,
  time bigint not null,
  kind text not null,
  id text not null,
  article_id text not null,
  version bigint not null,
  subject text not null,
  slug text not null,
  content_hash text not null,
  data text not null
);

create table sinks (
  name text collate "C" primary key,
  number bigint not null,
  generation bigint not null,
  epoch bigint not null,
  moved_at bigint not null,
  trouble text not null
);

create table dead_letters (
  sink text collate "C",
  event_id text collate "C",
  number bigint not null,
  article_id text not null,
  subject text not null,
  reason text not null,
  at bigint not null,
  primary key (sink, event_id)
);

create table blobs (
  fingerprint text collate "C" primary key,
  at bigint not null,
  text text not null
);
create index blobs_at on blobs (at);

create function now_ms() returns bigint language sql volatile as $$
  select floor(extract(epoch from clock_timestamp()) * 1000)::bigint
$$;

-- Reserves numbers of observations; answers the first. Not flushed: whatever carries a number is written after it,
-- so it cannot outlive the counter.
create function next_numbers(count bigint) returns bigint language plpgsql set search_path from current as $$
declare
  v_last bigint;
begin
  perform set_config('synchronous_commit', 'off', true);
  update seen set number = number + count returning number into v_last;
  return v_last - count + 1;
end
$$;

-- Applies changes, each by itself all or nothing; answers the indexes of those for which a row was no longer as it was
-- read. Each parallel group of arrays has one element for each row, with the index of its change in the first.
-- The lock on head comes first, and each statement after it sees all that was committed before.
create function apply_changes(
  synchronous text,
  d_articles bigint[], d_sources bigint[], d_rejected bigint[],
  rs_change int[], rs_key text[], rs_at bigint[], rs_row text[],
  ra_change int[], ra_id text[], ra_revision bigint[],
  s_change int[], s_key text[], s_full_key text[], s_gone boolean[], s_rejected boolean[], s_row text[],
  a_change int[], a_id text[], a_live boolean[], a_at bigint[], a_sequence bigint[], a_row text[], a_body text[],
  e_change int[], e_kind text[], e_id text[], e_article_id text[], e_version bigint[], e_subject text[],
  e_slug text[], e_content_hash text[], e_data text[]
) returns int[] language plpgsql set search_path from current as $$
declare
  v_last bigint;
  v_now bigint;
  v_refused int[];
  v_events bigint;
begin
  if synchronous is not null then
    perform set_config('synchronous_commit', synchronous, true);
  end if;

  select h.last, greatest(h.time, now_ms()) into strict v_last, v_now from head h for update;

  select coalesce(array_agg(distinct x.change), '{}') into v_refused from (
    select r.change
      from unnest(rs_change, rs_key, rs_at, rs_row) as r (change, key, at, row)
      left join sources s on s.key = r.key
      where (s.at, s.row) is distinct from (r.at, r.row)
    union all
    select r.change
      from unnest(ra_change, ra_id, ra_revision) as r (change, id, revision)
      left join articles a on a.id = r.id
      where coalesce(a.revision, 0) <> r.revision
  ) x;

  insert into sources as t (key, full_key, gone, rejected, at, row)
    select s.key, s.full_key, s.gone, s.rejected, v_now, s.row
      from unnest(s_change, s_key, s_full_key, s_gone, s_rejected, s_row)
        as s (change, key, full_key, gone, rejected, row)
      where s.change <> all (v_refused)
    on conflict (key) do update
      set gone = excluded.gone, rejected = excluded.rejected, at = excluded.at, row = excluded.row;

  with written as (
    select a.* from unnest(a_change, a_id, a_live, a_at, a_sequence, a_row, a_body)
      as a (change, id, live, at, sequence, row, body)
      where a.change <> all (v_refused)
  ), appended as (
    insert into log (number, time, kind, id, article_id, version, subject, slug, content_hash, data)
      select v_last + row_number() over (order by e.position), v_now, e.kind, e.id, e.article_id, e.version,
          e.subject, e.slug, e.content_hash, coalesce(e.data, w.body)
        from unnest(e_change, e_kind, e_id, e_article_id, e_version, e_subject, e_slug, e_content_hash, e_data)
          with ordinality as e (change, kind, id, article_id, version, subject, slug, content_hash, data, position)
        left join written w on w.id = e.article_id
        where e.change <> all (v_refused)
      returning number, article_id
  ), put as (
    insert into articles as t (id, revision, live, at, sequence, row, body)
      select w.id, 1, w.live, coalesce(w.at, v_now), coalesce(p.number, w.sequence), w.row, w.body
        from written w
        left join (select article_id, max(number) as number from appended group by article_id) p
          on p.article_id = w.id
      on conflict (id) do update
        set revision = t.revision + 1, live = excluded.live, at = excluded.at, sequence = excluded.sequence,
            row = excluded.row, body = excluded.body
  )
  select count(*) into v_events from appended;

  update head h set
    last = v_last + v_events,
    time = v_now,
    articles = h.articles + d.articles,
    sources = h.sources + d.sources,
    rejected = h.rejected + d.rejected
    from (
      select coalesce(sum(x.articles), 0) as articles, coalesce(sum(x.sources), 0) as sources,
          coalesce(sum(x.rejected), 0) as rejected
        from unnest(d_articles, d_sources, d_rejected) with ordinality as x (articles, sources, rejected, position)
        where (x.position - 1)::int <> all (v_refused)
    ) d;
  return v_refused;
end
$$;

-- Drops the oldest entries: those behind the slowest sink but the last `keep_delivered` of them, and whatever is over
-- the two limits. Answers how many numbers went.
create function trim_log(keep_delivered bigint, max_entries bigint, too_old bigint) returns bigint
language plpgsql set search_path from current as $$
declare
  v_first bigint;
  v_last bigint;
  v_cut bigint;
begin
  select h.first, h.last into strict v_first, v_last from head h for update;
  select least(v_last, greatest(
    coalesce(min(s.number), v_last) - keep_delivered, v_last - max_entries, too_old)) into v_cut from sinks s;
  if v_cut < v_first then
    return 0;
  end if;
  delete from log where number <= v_cut;
  update head set first = v_cut + 1;
  return v_cut + 1 - v_first;
end
$$;
