CREATE TABLE customer (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  phone TEXT,
  created_at TEXT NOT NULL
);
CREATE TABLE address (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer, street TEXT NOT NULL, town TEXT NOT NULL);
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL, cents INTEGER NOT NULL);
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer, paid_at TEXT NOT NULL, cents INTEGER NOT NULL, note TEXT);
CREATE TABLE purchase_line (id INTEGER PRIMARY KEY, purchase_id INTEGER NOT NULL REFERENCES purchase, product_id INTEGER NOT NULL REFERENCES product, pieces INTEGER NOT NULL);
CREATE TABLE review (id INTEGER PRIMARY KEY, author_id INTEGER, product_id INTEGER NOT NULL REFERENCES product, stars INTEGER NOT NULL, body TEXT);
CREATE TABLE gift (id INTEGER PRIMARY KEY, giver_id INTEGER REFERENCES customer, receiver_id INTEGER REFERENCES customer, card TEXT NOT NULL);
CREATE TABLE newsletter (email TEXT NOT NULL, topic TEXT NOT NULL);
CREATE TABLE mail_log (id INTEGER PRIMARY KEY, sent_at TEXT NOT NULL, payload TEXT NOT NULL); -- JSON
CREATE INDEX address_customer ON address (customer_id);
CREATE INDEX purchase_customer ON purchase (customer_id);
CREATE INDEX purchase_line_purchase ON purchase_line (purchase_id);
CREATE INDEX purchase_line_product ON purchase_line (product_id);
CREATE INDEX review_author ON review (author_id);
CREATE INDEX review_product ON review (product_id);
CREATE INDEX gift_giver ON gift (giver_id);
CREATE INDEX gift_receiver ON gift (receiver_id);
CREATE INDEX newsletter_email ON newsletter (email);

INSERT INTO customer VALUES (1, 'ada@shop.example', 'Ada Quince', '+61 491 570 156', '2024-03-01'), (2, 'bo@shop.example', 'Bo Linden', NULL, '2024-05-09'),
  (3, 'cleo@shop.example', 'Cleo Marsh', NULL, '2025-01-20');
INSERT INTO address VALUES (1, 1, '5 Kettle Row', 'Fremantle'), (2, 2, '8 Harbour Steps', 'Hobart');
INSERT INTO product VALUES (1, 'teapot', 4900), (2, 'kettle', 7900);
INSERT INTO purchase VALUES (1, 1, '2026-02-03', 4900, 'ring twice, dog is deaf'), (2, 2, '2026-02-04', 7900, NULL);
INSERT INTO purchase_line VALUES (1, 1, 1, 1), (2, 2, 2, 1);
INSERT INTO review VALUES (1, 1, 1, 5, 'pours like a dream'), (2, 2, 1, 2, 'drips');
INSERT INTO gift VALUES (1, 1, 2, 'many happy returns'), (2, 3, 1, 'for the new house');
INSERT INTO newsletter VALUES ('ada@shop.example', 'tea'), ('bo@shop.example', 'coffee');
INSERT INTO mail_log VALUES (1, '2026-02-03', '{"to":"ada@shop.example","kind":"receipt"}'), (2, '2026-02-04', '{"to":"bo@shop.example","kind":"receipt"}');
