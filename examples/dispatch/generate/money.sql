-- Billing brackets, payments, card operations, offers, discounts.

SET client_min_messages = warning;
SET timezone = 'UTC';

INSERT INTO dispatch_order
SELECT generator.id(o), CASE WHEN generator.i('order doctor', o, 40) > 0
  THEN (SELECT id FROM generator.doctor d WHERE d.d = 1 + generator.i('order doctor', o, doctors)) END,
  CASE WHEN generator.i('order course', o, 9) > 0
    THEN (ARRAY[1, 2, 3, 4, 7, 8])[1 + generator.i('order course', o, 6)] END,
  generator.at('order', o, 1.0 * o / generator.n('dispatch_order')), generator.i('closed', o, 10) > 1
FROM generate_series(1, generator.n('dispatch_order')) o, (SELECT count(*) AS doctors FROM generator.doctor) c;

-- Payments: the doctor is the patient's, but for D18 (bands of `p`): a user who is no doctor, nobody at all.
INSERT INTO dispatch_payment
SELECT generator.id(o),
  CASE WHEN open AND NOT late THEN NULL ELSE generator.at('payment', o, 1.0 * o / n) END,
    NOT canceled AND NOT open AND free, CASE WHEN canceled THEN q < paid_and_canceled ELSE NOT open AND NOT free END,
  canceled, generator.i('netsuite', o, 12) = 0, rate, round(total * coalesce(rate, 0) / 100, 2),
    CASE WHEN open OR canceled OR free THEN 0 ELSE total END,
  CASE WHEN generator.pos('custom price', o, n) < generator.k(17) THEN -25.00 WHEN generator.i('custom', o, 12) = 0
    THEN total END,
  total - extra, extra, total, CASE WHEN generator.i('credit', o, 15) = 0 THEN generator.i('credit', o, 9000) / 100.0
    ELSE 0 END,
  CASE WHEN q = n - 1 AND generator.n('defects') = 1 THEN generator.bad_json('escape', 0)
    WHEN generator.i('installments', o, 20) = 0
    THEN '[{"due": "2024-05-01", "part": 0.5}, {"due": "2024-06-01", "part": 0.5}]'
       WHEN generator.i('installments', o, 3) = 0 THEN '{}' ELSE '' END,
  CASE WHEN p < no_doctor THEN (SELECT id FROM generator.account a
    WHERE class = 'patient' AND place = greatest(1, generator.n('class patient') - p % 50))
       WHEN p < no_doctor + nobody THEN NULL
       ELSE coalesce(doctor_id, (SELECT id FROM generator.doctor d
         WHERE d.d = 1 + generator.i('payment doctor', o, doctors))) END,
  CASE WHEN generator.i('payment office', o, 15) > 0
    THEN coalesce(office_id, generator.id(1 + generator.i('payment office', o, generator.n('dispatch_office')))) END,
  CASE WHEN own THEN generator.id(i) END,
  CASE WHEN generator.i('bracket order', o, 3) = 0
    THEN generator.id(1 + generator.i('bracket order', o, generator.n('dispatch_order'))) END
FROM (
  SELECT *, CASE WHEN q >= generator.r1(137) + generator.r1(34)
    AND q < generator.r1(137) + generator.r1(34) + generator.k(173) THEN 0
                 ELSE (ARRAY[95, 145, 195, 245, 245, 395, 425.5, 239.99])[1 + generator.i('price', o, 8)] END AS total,
                   CASE WHEN generator.i('extra', o, 10) = 0 THEN 15.00 ELSE 0.00 END AS extra,
    q < generator.r1(137) AS canceled, q >= generator.r1(137) AND q < generator.r1(137) + generator.r1(34) AS open,
      generator.i('late', o, 3) = 0 AS late,
    q >= n - generator.r(1557) - 1 AS free, generator.k(35) AS paid_and_canceled,
    CASE WHEN generator.i('rate', o, 5) = 0 AND generator.n('defects') = 1 THEN NULL
      ELSE (ARRAY[10.25, 8.38, 7.00, 0.00])[1 + generator.i('rate', o, 4)] END AS rate
  FROM (
    SELECT c.o AS i, k <= own AS own, c.before + k AS o, generator.n('dispatch_payment') AS n, t.doctor_id, t.office_id,
      generator.pos('payment', c.before + k, generator.n('dispatch_payment')) AS p,
        generator.pos('payment status', c.before + k, generator.n('dispatch_payment')) AS q,
      generator.n('D18 no doctor') AS no_doctor, generator.n('D18 null') AS nobody,
        (SELECT count(*) FROM generator.doctor) AS doctors
    FROM generator.children c JOIN generator.instruction r ON r.o = c.o JOIN generator.patient t ON t.o = r.patient,
      LATERAL (SELECT generate_series(1, own + gone + none) AS k) k
    WHERE c.child = 'payments') x) y;

INSERT INTO dispatch_operation
SELECT generator.id(o), CASE WHEN generator.pos('refund', o, n) < n * 6 / 100 THEN 2 ELSE 1 END,
  generator.at('operation', o, 1.0 * o / n),
  CASE WHEN generator.pos('operation', o, n) < generator.n('D14') THEN -1
    ELSE 1 END * (ARRAY[395.00, 1495.00, 1195.50, 845.00, 1725.25])[1 + generator.i('operation price', o, 5)],
  generator.id(1 + generator.i('operation payment', o, generator.n('dispatch_payment'))),
  CASE generator.i('sq order', o, 4) WHEN 0 THEN NULL WHEN 1 THEN '' ELSE md5('sqo' || o) END,
    CASE generator.i('sq payment', o, 9) WHEN 0 THEN NULL ELSE md5('sqp' || o) END,
  CASE WHEN generator.pos('refund', o, n) < n * 6 / 100 THEN md5('sqr' || o) WHEN generator.i('sq refund', o, 2) = 0
    THEN '' END,
  generator.one('brand', o, ARRAY['VISA', 'MASTERCARD', 'AMEX', '', NULL, 'JCB']),
    (400000 + generator.i('bin', o, 90000))::text, lpad(generator.i('last', o, 10000)::text, 4, '0'),
  generator.i('office card', o, 9) = 0, 1 + generator.i('attempts', o, 3) / 2
FROM (SELECT o, generator.n('dispatch_operation') AS n FROM generate_series(1, generator.n('dispatch_operation')) o) x;

-- Offers: distinct (user, product); D19 are users who are no doctors.
INSERT INTO dispatch_offer
SELECT generator.id(row_number() OVER (ORDER BY h)), CASE WHEN h % 10 < 9 THEN 500 + (h >> 4) % 9 * 50 END,
  CASE WHEN h % 10 > 1 THEN 300.00 END, CASE WHEN h % 10 > 1 THEN 290.50 END, user_id, product
FROM (
  (SELECT d.id AS user_id, p AS product, generator.h('offer', d.d * 100 + p) AS h FROM generator.doctor d,
    generate_series(1, 14) p
   ORDER BY generator.h('offered', d.d * 100 + p) LIMIT generator.n('dispatch_offer') - generator.n('D19'))
  UNION ALL
  (SELECT id, 1 + place % 14, generator.h('offer', -place) FROM generator.account WHERE class = 'patient'
    ORDER BY place LIMIT generator.n('D19'))) x;
INSERT INTO dispatch_discount
SELECT generator.id(o), generator.id(1 + generator.i('discount', o, generator.n('dispatch_offer'))),
  CASE WHEN o = 1 + generator.i('D13', 1, n) AND generator.n('D13') = 1 THEN 110.00
    ELSE (ARRAY[5, 10, 12.5, 15, 100, 0])[1 + generator.i('percent', o, 6)] END,
  CASE WHEN o % 12 = 0 THEN ' ' ELSE generator.one('discount', o,
    ARRAY['Launch  offer', 'Loyalty', 'Friends', 'Apology']) || ' ' || o END,
  CASE WHEN o % 3 > 0 THEN 10 END, CASE WHEN o % 4 > 0 THEN o % 7 END,
    CASE WHEN o % 5 > 0 THEN date '2022-01-01' + o::int END,
  CASE WHEN o % 5 > 1 THEN date '2023-01-01' + o::int * 3 END, o % 6 = 0
FROM (SELECT o, generator.n('dispatch_discount') AS n FROM generate_series(1, generator.n('dispatch_discount')) o) x;
