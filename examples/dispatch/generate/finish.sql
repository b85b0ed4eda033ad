-- Sequences stand behind the highest id, and behind the ids that were never given out (at tiny scales these can be higher).
DO $$ DECLARE t text; BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename ~ '^(dispatch|auth|django)_' LOOP
    EXECUTE format('SELECT setval(%L, greatest(42, (SELECT max(id) FROM %I)))', t || '_id_seq', t);
  END LOOP;
END $$;
