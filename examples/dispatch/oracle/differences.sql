-- The comparison itself.

-- `balanced`: the classes of expected.held_back, each counted by its own reason, account for every row that was read.
CREATE TABLE expected.held_back_rows AS TABLE expected.held_back WITH NO DATA;
CREATE TABLE expected.route_counts (route text PRIMARY KEY, read bigint NOT NULL, applied bigint NOT NULL, filtered bigint NOT NULL,
  parked bigint NOT NULL, quarantined bigint NOT NULL, balanced boolean NOT NULL);
CREATE UNLOGGED TABLE expected.difference (route text NOT NULL, kind text NOT NULL, key text NOT NULL, legacy_key text,
  columns text[] NOT NULL);
CREATE TABLE expected.result (route text PRIMARY KEY, source_rows bigint NOT NULL, expected_rows bigint NOT NULL,
  actual_rows bigint NOT NULL, missing bigint NOT NULL, extra bigint NOT NULL, different bigint NOT NULL,
  "foreign" bigint NOT NULL, kept bigint NOT NULL);

-- What of the target is compared, by route: the columns of its view, and those that must be untouched.
CREATE VIEW expected.compared_column AS
SELECT r.name AS route, r.target, c.column_name::text AS column_name, NULL::text AS untouched_value, false AS is_untouched
FROM expected.route r
JOIN information_schema.columns c ON c.table_schema = 'expected' AND c.table_name = r.name
UNION ALL
SELECT r.name, r.target, u.column_name, u.value, true
FROM expected.route r JOIN expected.untouched u ON u.target = r.target;

-- `foreign_rows`: rows without a legacy key are somebody else's. `untouched`: also compare the columns that no route names.
CREATE TABLE expected.option (foreign_rows boolean NOT NULL, untouched boolean NOT NULL);
-- columns that the caller wants left out, as table.column
CREATE TABLE expected.ignored_column (name text PRIMARY KEY);

CREATE PROCEDURE expected.compare(r expected.route) LANGUAGE plpgsql AS $$
DECLARE
  options expected.option;
  on_key text; key_text text; first_key text; legacy_key text; tests text; names text; is_foreign text;
  source_rows bigint; expected_rows bigint; actual_rows bigint; actual_keys bigint;
BEGIN
  SELECT * INTO STRICT options FROM expected.option;
  SELECT string_agg(format('a.%1$I = e.%1$I', k), ' AND '),
         string_agg(format('coalesce(e.%1$I, a.%1$I)::text', k), $q$ || ',' || $q$), quote_ident(r.key[1])
    INTO on_key, key_text, first_key FROM unnest(r.key) k;
  legacy_key := CASE WHEN r.legacy_column IS NULL THEN 'NULL'
    ELSE format('coalesce(e.%1$I, a.%1$I)::text', r.legacy_column) END;
  is_foreign := CASE WHEN options.foreign_rows AND r.legacy_column IS NOT NULL
    THEN format('a.%I IS NULL', r.legacy_column) ELSE 'false' END;

  SELECT string_agg(test, ' OR '),
         string_agg(format('CASE WHEN %s THEN %L END', test, column_name), ', ' ORDER BY column_name)
    INTO STRICT tests, names
    FROM (SELECT c.column_name, CASE WHEN c.is_untouched
                   THEN format('a.%I IS DISTINCT FROM %L::%s', c.column_name, c.untouched_value, t.type)
                   ELSE format('a.%1$I IS DISTINCT FROM e.%1$I::%2$s', c.column_name, t.type) END AS test
          FROM expected.compared_column c
          JOIN (SELECT attrelid, attname, format_type(atttypid, NULL) AS type FROM pg_attribute WHERE attnum > 0) t
            ON t.attrelid = format('actual.%I', r.target)::regclass AND t.attname = c.column_name
          WHERE c.route = r.name AND c.column_name <> ALL (r.key) AND (options.untouched OR NOT c.is_untouched)
            AND r.target || '.' || c.column_name NOT IN (SELECT name FROM expected.ignored_column)) x;

  EXECUTE format($q$
    INSERT INTO expected.difference
    SELECT %L, d.kind, d.key, d.legacy_key, d.columns
    FROM (SELECT CASE WHEN a.%2$s IS NULL THEN 'missing'
                      WHEN e.%2$s IS NULL THEN CASE WHEN %9$s THEN 'foreign' WHEN %10$s THEN 'kept' ELSE 'extra' END
                      WHEN %3$s THEN 'different' END AS kind,
                 %4$s AS key, %5$s AS legacy_key,
                 CASE WHEN a.%2$s IS NOT NULL AND e.%2$s IS NOT NULL AND (%3$s)
                      THEN array_remove(ARRAY[%11$s]::text[], NULL) ELSE '{}' END AS columns
          FROM expected.%1$I e
          FULL JOIN (SELECT * FROM actual.%6$I WHERE %7$s) a ON %8$s) d
    WHERE d.kind IS NOT NULL$q$,
    r.name, first_key, coalesce(tests, 'false'), key_text, legacy_key, r.target, r.only_rows, on_key, is_foreign, r.kept,
    coalesce(names, ''));

  EXECUTE format('SELECT count(*) FROM legacy.%I', r.source) INTO source_rows;
  source_rows := source_rows + coalesce((SELECT rows FROM legacy.left_behind WHERE table_name = r.source), 0);
  EXECUTE format('SELECT count(*) FROM expected.%I', r.name) INTO expected_rows;
  EXECUTE format('SELECT count(*), count(DISTINCT (%s)) FROM actual.%I WHERE %s',
    (SELECT string_agg(quote_ident(k), ', ') FROM unnest(r.key) k), r.target, r.only_rows) INTO actual_rows, actual_keys;

  INSERT INTO expected.result
  SELECT r.name, source_rows, expected_rows, actual_rows, count(*) FILTER (WHERE kind = 'missing'),
         -- the same key twice: the second one is too many
         count(*) FILTER (WHERE kind = 'extra') + actual_rows - actual_keys,
         count(*) FILTER (WHERE kind = 'different'), count(*) FILTER (WHERE kind = 'foreign'),
         count(*) FILTER (WHERE kind = 'kept')
  FROM expected.difference WHERE route = r.name;

  INSERT INTO expected.route_counts
  SELECT r.name, source_rows, expected_rows, filtered, parked, quarantined,
         source_rows = expected_rows + filtered + parked + quarantined
  FROM (SELECT coalesce(sum(rows) FILTER (WHERE status = 'filtered'), 0) AS filtered,
               coalesce(sum(rows) FILTER (WHERE status = 'parked'), 0) AS parked,
               coalesce(sum(rows) FILTER (WHERE status = 'quarantined'), 0) AS quarantined
        FROM expected.held_back_rows WHERE route = r.name) h;
END $$;

-- Takes the next route that nobody has taken until there is none: run by several sessions at once.
CREATE PROCEDURE expected.compare_all() LANGUAGE plpgsql AS $$
DECLARE r expected.route;
BEGIN
  LOOP
    UPDATE expected.route SET compared = true WHERE name =
      (SELECT name FROM expected.route WHERE NOT compared ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING * INTO r;
    EXIT WHEN r.name IS NULL;
    COMMIT;
    CALL expected.compare(r);
    COMMIT;
  END LOOP;
END $$;
